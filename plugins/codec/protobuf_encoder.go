package codec

import "github.com/onstream/onstream/plugins"

// protoEncoder writes records as messages.
type protoEncoder struct {
	protoWriter
	m         *protoMessage
	columns   []schemaColumn // by the index of the field
	needs     []plugins.Field
	id        recordID[*protoFiles]
	delimited bool
	perRow    int
}

var _ plugins.Encoder = (*protoEncoder)(nil)

// Needs implements [plugins.Encoder].
func (e *protoEncoder) Needs() []plugins.Field { return e.needs }

// Preamble implements [plugins.Encoder].
func (e *protoEncoder) Preamble() []byte { return nil }

// Encode implements [plugins.Encoder].
func (e *protoEncoder) Encode(b, dst *plugins.Batch) {
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
		out, err := e.message(e.id.append(w.out), i)
		if err != nil {
			w.out = out[:start]
			fail(b, i, codeEncode, err)
			continue
		}
		if e.delimited {
			out = insertLength(out, start)
		}
		w.out = out
		w.end(start, nil)
	}
	e.perRow = w.done(dst, e.perRow)
	b.DropFailed()
}

func (e *protoEncoder) message(dst []byte, row uint32) (_ []byte, err error) {
	for k := range e.columns {
		if dst, err = e.appendField(dst, e.m.fields[k], e.columns[k].datum(row)); err != nil {
			return dst, inField(e.m.fields[k].name, err)
		}
	}
	return dst, nil
}
