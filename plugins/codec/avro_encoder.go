package codec

import (
	"github.com/onstream/onstream/plugins"
)

// avroEncoder writes records as a schema says.
type avroEncoder struct {
	avroWriter
	t       *avroType
	columns []schemaColumn // by the index of the field
	needs   []plugins.Field
	id      recordID[*avroType]
	perRow  int
}

var _ plugins.Encoder = (*avroEncoder)(nil)

// Needs implements [plugins.Encoder].
func (e *avroEncoder) Needs() []plugins.Field { return e.needs }

// Preamble implements [plugins.Encoder].
func (e *avroEncoder) Preamble() []byte { return nil }

// Encode implements [plugins.Encoder].
func (e *avroEncoder) Encode(b, dst *plugins.Batch) {
	if !e.id.begin(b) {
		return
	}
	for k := range e.columns {
		c := &e.columns[k]
		c.col = b.Column(c.path)
	}
	w := writer(dst, e.perRow*len(b.Sel))
	for _, i := range b.Sel {
		start := len(w.out)
		out, err := e.record(e.id.append(w.out), i)
		if err != nil {
			w.out = out[:start]
			fail(b, i, codeEncode, err)
			continue
		}
		w.out = out
		w.end(start, nil)
	}
	e.perRow = w.done(dst, e.perRow)
	b.DropFailed()
}

func (e *avroEncoder) record(dst []byte, row uint32) (_ []byte, err error) {
	for k := range e.columns {
		c := &e.columns[k]
		if dst, err = e.appendField(dst, &e.t.fields[k], c.datum(row)); err != nil {
			return dst, inField(e.t.fields[k].name, err)
		}
	}
	return dst, nil
}
