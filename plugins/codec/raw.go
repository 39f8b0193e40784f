package codec

import (
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// Raw returns the codec of lines of text: records with one field, value.
func Raw() plugins.Codec {
	return plugins.Codec{
		Name:   "raw",
		Doc:    rawDoc,
		Schema: plugins.Schema{Doc: "Lines of text, as they are.", Example: rawExample},
		Type:   func(plugins.Config) plugins.Type { return rawType },
		Framing: func(plugins.Config) (plugins.Framing, error) {
			return plugins.Framing{
				Splitter:   func() plugins.Splitter { return lines{keepBlank: true} },
				Terminator: newline,
			}, nil
		},
		Decoder: newRawDecoder,
		Encoder: newRawEncoder,
	}
}

const rawDoc = `Each line is a record with one field, value; \r\n ends a line as \n does, and empty lines are records, too. From a
source whose messages have bounds of their own, each message is a record.

value is a string, and a record that is not valid UTF-8 fails when value is read. A schema with value = bytes takes
any bytes.

Written is the field value, or the only field there is. It must be a string or bytes. A line break in it is written
as it is, and read back it ends a record.`

const rawExample = `source "file" "log" {
  path   = "machine.log"
  format = "raw"
}`

// rawField is the name of the only field.
const rawField = "value"

var rawType = plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: rawField, Type: plugins.Of(plugins.String)}}}

// rawDecoder makes payloads values.
type rawDecoder struct {
	slots []*slot
	bytes bool   // value is declared so
	text  []byte // records as JSON
}

var _ plugins.Decoder = (*rawDecoder)(nil)

func newRawDecoder(c plugins.DecoderConfig) (plugins.Decoder, error) {
	declared, _ := c.Schema.Field(rawField)
	d := &rawDecoder{bytes: declared.Kind == plugins.Bytes}
	for _, f := range c.Fields {
		switch {
		case f.Name != "" && f.Name != rawField:
			return nil, plugins.ConfigErrorf("", "raw records have one field, value, and no %s", f.Name)
		case f.Name == rawField && f.Type.Kind != plugins.String && f.Type.Kind != plugins.Bytes && f.Type.Kind != plugins.Any:
			return nil, plugins.ConfigErrorf("", "the value of raw records is a string or bytes, not %s", f.Type)
		}
		d.slots = append(d.slots, newSlot(f))
	}
	return d, nil
}

// Decode implements [plugins.Decoder].
func (d *rawDecoder) Decode(b *plugins.Batch) {
	d.text = d.text[:0]
	for _, s := range d.slots {
		s.col.Reset(s.Type.Kind, b.Len)
		for _, i := range b.Sel {
			if err := d.read(s, b, i); err != nil {
				fail(b, i, codeDecode, err)
			}
		}
		b.DropFailed()
	}
	for _, s := range d.slots {
		s.col.Data = b.Data
		if s.path == "" {
			s.col.Data = d.text
		}
		b.AddColumn(s.path, &s.col)
	}
}

func (d *rawDecoder) read(s *slot, b *plugins.Batch, row uint32) error {
	kind := plugins.String
	if d.bytes || s.Type.Kind == plugins.Bytes {
		kind = plugins.Bytes
	}
	if kind == plugins.String && !utf8.Valid(b.Value(row)) {
		return &fieldError{rawField, jsontext.ErrUTF8}
	}
	if s.path == rawField {
		s.setText(row, kind, b.Values[row])
		return nil
	}
	start := len(d.text)
	d.text = append(d.text, `{"value":`...)
	d.text = jsontext.AppendBytes(d.text, kind, b.Value(row))
	d.text = append(d.text, '}')
	s.setText(row, plugins.Record, plugins.Span{Off: uint32(start), Len: uint32(len(d.text) - start)})
	return nil
}

// rawEncoder writes one field.
type rawEncoder struct {
	path   plugins.Path
	needs  []plugins.Field
	perRow int
}

var _ plugins.Encoder = (*rawEncoder)(nil)

func newRawEncoder(c plugins.EncoderConfig) (plugins.Encoder, error) {
	field, ok := rawSource(c.Shape.Type)
	if !ok {
		return nil, plugins.ConfigErrorf("", `raw writes one string or bytes: build a record with only a field value, such as emit = { value = "..." }`)
	}
	e := &rawEncoder{path: plugins.JoinPath(field.Name), perRow: 64}
	if !c.Shape.IsColumn(e.path) {
		e.needs = []plugins.Field{{Name: e.path, Type: field.Type}}
	}
	return e, nil
}

// rawSource returns the field of a record to write.
func rawSource(t plugins.Type) (plugins.Field, bool) {
	isText := func(t plugins.Type) bool {
		return t.Kind == plugins.String || t.Kind == plugins.Bytes || t.Kind == plugins.Any
	}
	if v, ok := t.Field(rawField); ok && isText(v) {
		return plugins.Field{Name: rawField, Type: v}, true
	}
	if t.Kind == plugins.Record && len(t.Fields) == 1 && isText(t.Fields[0].Type) {
		return t.Fields[0], true
	}
	return plugins.Field{}, false
}

// Needs implements [plugins.Encoder].
func (e *rawEncoder) Needs() []plugins.Field { return e.needs }

// Preamble implements [plugins.Encoder].
func (e *rawEncoder) Preamble() []byte { return nil }

// Encode implements [plugins.Encoder].
func (e *rawEncoder) Encode(b, dst *plugins.Batch) {
	col := b.Column(e.path)
	w := writer(dst, e.perRow*len(b.Sel))
	for _, i := range b.Sel {
		kind := col.Kind
		if kind == plugins.Any {
			kind = col.Kinds[i]
		}
		if col.IsNull(i) || kind != plugins.String && kind != plugins.Bytes {
			if col.IsNull(i) {
				kind = plugins.Null
			}
			fail(b, i, codeEncode, &fieldError{e.path, &jsontext.MismatchError{Got: kind, Want: plugins.String}})
			continue
		}
		start := len(w.out)
		w.out = append(w.out, col.Bytes(i)...)
		w.end(start, newline)
	}
	e.perRow = w.done(dst, e.perRow)
	b.DropFailed()
}
