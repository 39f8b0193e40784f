package codec

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// jsonEncoder writes records as JSON objects: the members of what the record
// was made from, except for those set or removed, then the columns.
type jsonEncoder struct {
	base    base
	columns []jsonMember
	hidden  hidden
	perRow  int // bytes that a record took lately
}

// jsonMember is a column and the text in front of its value: ,"name":
type jsonMember struct {
	name   string
	prefix []byte
	layout string
	col    *plugins.Column
}

var _ plugins.Encoder = (*jsonEncoder)(nil)

func newJSONEncoder(c plugins.EncoderConfig) (plugins.Encoder, error) {
	e := &jsonEncoder{perRow: 64, base: baseOf(c.Shape, "json")}
	for _, f := range columnsOf(c.Shape) {
		prefix := append(jsontext.AppendQuotedString([]byte{','}, f.Name), ':')
		e.columns = append(e.columns, jsonMember{f.Name, prefix, f.Type.Layout, nil})
	}
	e.hidden = hiddenBy(c.Shape)
	return e, nil
}

// Needs implements [plugins.Encoder].
func (e *jsonEncoder) Needs() []plugins.Field { return e.base.needs() }

// Preamble implements [plugins.Encoder].
func (e *jsonEncoder) Preamble() []byte { return nil }

// Encode implements [plugins.Encoder].
func (e *jsonEncoder) Encode(b, dst *plugins.Batch) {
	for k := range e.columns {
		c := &e.columns[k]
		c.col = b.Column(plugins.JoinPath(c.name))
	}
	e.base.of(b)
	w := writer(dst, e.perRow*len(b.Sel))
	for _, i := range b.Sel {
		start := len(w.out)
		w.out = append(w.out, '{')
		if err := e.members(&w, i); err != nil {
			w.out = w.out[:start]
			fail(b, i, codeDecode, err)
			continue
		}
		for k := range e.columns {
			c := &e.columns[k]
			prefix := c.prefix
			if len(w.out) == start+1 {
				prefix = prefix[1:] // the first member has no comma
			}
			w.out = append(w.out, prefix...)
			w.out = jsontext.AppendRow(w.out, c.col, i, c.layout)
		}
		w.out = append(w.out, '}')
		w.end(start, newline)
	}
	e.perRow = w.done(dst, e.perRow)
	b.DropFailed()
}

// members appends the members of the base that still count.
func (e *jsonEncoder) members(w *rows, row uint32) error {
	text := e.base.text(row)
	if text == nil {
		return nil
	}
	if text = jsontext.Trim(text); len(text) == 0 || text[0] != '{' {
		return errNotObject
	}
	it := jsontext.Members(text)
	broken := bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 // it would end the line
	comma := false
	for it.Next() {
		if e.hidden.has(it.Key()) {
			continue
		}
		if comma {
			w.out = append(w.out, ',')
		}
		comma = true
		if broken {
			w.out = jsontext.Compact(w.out, it.Member())
		} else {
			w.out = append(w.out, it.Member()...)
		}
	}
	return it.Err()
}
