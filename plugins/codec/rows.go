package codec

import "github.com/onstream/onstream/plugins"

// rows collects the records that an encoder writes.
type rows struct {
	out    []byte
	spans  []plugins.Span
	before int // bytes that were there
	first  int // spans that were there
}

// writer goes on where dst ends, with room for about n bytes.
func writer(dst *plugins.Batch, n int) rows {
	dst.Grow(n)
	spans := dst.Values
	if spans == nil {
		spans = dst.SpareValues()
	}
	return rows{dst.Data, spans, len(dst.Data), len(spans)}
}

// end ends the record that began at start.
func (w *rows) end(start int, terminator []byte) {
	w.spans = append(w.spans, plugins.Span{Off: uint32(start), Len: uint32(len(w.out) - start)})
	w.out = append(w.out, terminator...)
}

// done puts what was written into dst. It returns how many bytes per record to
// expect next time, with something to spare, given what was expected now.
func (w *rows) done(dst *plugins.Batch, expected int) int {
	dst.Data, dst.Values = w.out, w.spans
	if n := len(w.spans) - w.first; n > 0 {
		return (len(w.out)-w.before)/n*9/8 + 16
	}
	return expected
}
