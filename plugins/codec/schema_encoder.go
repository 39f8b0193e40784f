package codec

import "github.com/onstream/onstream/plugins"

// schemaEncoder is what the encoders have in common that write records as a
// schema says, S as the registry knows it.
type schemaEncoder[S any] struct {
	columns []schemaColumn // by the index of the field
	needs   []plugins.Field
	id      recordID[S]
	perRow  int
	// record appends a record, without its id.
	record func(dst []byte, row uint32) ([]byte, error)
	// finish, if it is not nil, is given each record with its id, which begins
	// at start.
	finish func(dst []byte, start int) []byte
}

// Needs implements [plugins.Encoder].
func (e *schemaEncoder[S]) Needs() []plugins.Field { return e.needs }

// Preamble implements [plugins.Encoder].
func (e *schemaEncoder[S]) Preamble() []byte { return nil }

// Encode implements [plugins.Encoder].
func (e *schemaEncoder[S]) Encode(b, dst *plugins.Batch) {
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
		if e.finish != nil {
			out = e.finish(out, start)
		}
		w.out = out
		w.end(start, nil)
	}
	e.perRow = w.done(dst, e.perRow)
	b.DropFailed()
}
