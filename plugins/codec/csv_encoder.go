package codec

import (
	"bytes"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// csvEncoder writes records as rows.
type csvEncoder struct {
	csvOptions
	fields []csvColumn
	needs  []plugins.Field
	buf    []byte
	perRow int
}

// csvColumn is a field and its column in the present batch.
type csvColumn struct {
	path   plugins.Path
	layout string
	col    *plugins.Column
}

var _ plugins.Encoder = (*csvEncoder)(nil)

func newCSVEncoder(c plugins.EncoderConfig) (plugins.Encoder, error) {
	o, err := csvOptionsOf(c.Options)
	if err != nil {
		return nil, err
	}
	e := &csvEncoder{csvOptions: o, perRow: 64}
	known := c.Shape.Type.Kind == plugins.Record
	if o.columns == nil {
		if !known {
			return nil, plugins.ConfigErrorf("columns", "the fields of the records are not known here: list them in columns, give the source a schema, or build the record with a map")
		}
		for _, f := range c.Shape.Type.Fields {
			e.columns = append(e.columns, f.Name)
		}
	}
	if len(e.columns) == 0 {
		return nil, plugins.ConfigErrorf("", "the records have no fields to write")
	}
	for _, name := range e.columns {
		t, ok := c.Shape.Type.Field(name)
		if !ok && (known || slices.Contains(c.Shape.Removed, name)) {
			return nil, plugins.ConfigErrorf("columns", "the records have no field %s", name)
		}
		path := plugins.JoinPath(name)
		e.fields = append(e.fields, csvColumn{path: path, layout: t.Layout})
		if !c.Shape.IsColumn(path) {
			e.needs = append(e.needs, plugins.Field{Name: path, Type: t})
		}
	}
	return e, nil
}

// Needs implements [plugins.Encoder].
func (e *csvEncoder) Needs() []plugins.Field { return e.needs }

// Preamble implements [plugins.Encoder].
func (e *csvEncoder) Preamble() []byte {
	if !e.header {
		return nil
	}
	var out []byte
	for k, name := range e.columns {
		if k > 0 {
			out = append(out, e.delimiter)
		}
		start := len(out)
		out = e.quote(append(out, name...), start, start == 0)
	}
	return out
}

// Encode implements [plugins.Encoder].
func (e *csvEncoder) Encode(b, dst *plugins.Batch) {
	for k := range e.fields {
		f := &e.fields[k]
		f.col = b.Column(f.path)
	}
	w := writer(dst, e.perRow*len(b.Sel))
	for _, i := range b.Sel {
		start := len(w.out)
		for k := range e.fields {
			if k > 0 {
				w.out = append(w.out, e.delimiter)
			}
			w.out = e.cell(w.out, &e.fields[k], i, len(w.out) == start)
		}
		if len(w.out) == start {
			w.out = append(w.out, `""`...) // an empty line would be no record
		}
		w.end(start, newline)
	}
	e.perRow = w.done(dst, e.perRow)
}

// cell appends the cell of a row.
func (e *csvEncoder) cell(out []byte, f *csvColumn, row uint32, first bool) []byte {
	start := len(out)
	if f.col.IsNull(row) {
		return append(out, e.null...)
	}
	kind, layout := f.col.Kind, f.layout
	if kind == plugins.Any {
		kind, layout = f.col.Kinds[row], ""
	}
	switch kind {
	case plugins.Bool, plugins.Int, plugins.Float:
		return jsontext.AppendRow(out, f.col, row, layout)
	case plugins.String:
		out = append(out, f.col.Bytes(row)...)
		if string(out[start:]) == e.null {
			return append(append(append(out[:start], '"'), e.null...), '"')
		}
	case plugins.Time:
		out = jsontext.AppendTime(out, f.col.Ints[row], layout)
	case plugins.Duration, plugins.Bytes:
		out = jsontext.AppendRow(out, f.col, row, layout)
		out = append(out[:start], out[start+1:len(out)-1]...) // without quotes; neither has escapes
	default:
		out = jsontext.AppendRow(out, f.col, row, layout)
	}
	return e.quote(out, start, first)
}

// quote puts quotes around out[start:] where it needs them. In the first cell of
// a row the comment character does, too.
func (e *csvEncoder) quote(out []byte, start int, first bool) []byte {
	text := out[start:]
	needed := first && len(text) > 0 && e.comment != 0 && text[0] == e.comment
	for _, c := range text {
		if c == e.delimiter || c == '"' || c == '\n' || c == '\r' {
			needed = true
			break
		}
	}
	if !needed {
		return out
	}
	e.buf = append(e.buf[:0], text...)
	out = append(out[:start], '"')
	for text = e.buf; ; {
		n := bytes.IndexByte(text, '"')
		if n < 0 {
			break
		}
		out = append(append(out, text[:n+1]...), '"')
		text = text[n+1:]
	}
	return append(append(out, text...), '"')
}
