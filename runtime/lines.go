package runtime

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
)

// lines is how payloads that came in messages are passed on to a sink in which they stand one
// behind the other. Its zero value is for all others.
type lines struct {
	line       func(dst, record []byte) []byte // [plugins.Framing.Line]
	terminator []byte
}

// pass returns the selected rows with their payloads as they are, but for those that have a
// terminator in them. What cannot do without is failed.
func (l lines) pass(b *plugins.Batch, pool *plugins.Pool) *plugins.Batch {
	if l.line == nil || !l.anyBroken(b) {
		return b.Share()
	}
	d := pool.Batch()
	size := 0
	for _, i := range b.Sel {
		size += len(b.Value(i)) + len(l.terminator)
	}
	d.Grow(size)
	d.Values = d.SpareValues()
	for _, i := range b.Sel {
		at, text := len(d.Data), b.Value(i)
		if l.broken(text) {
			d.Data = l.line(d.Data, text)
		} else {
			d.Data = append(d.Data, text...)
		}
		if l.broken(d.Data[at:]) {
			d.Data = d.Data[:at]
			b.Fail(i, plugins.Failure{Code: "encode", Msg: "a line end in the record is not between its parts, so that it cannot be written as a line"})
			continue
		}
		d.Values = append(d.Values, plugins.Span{Off: uint32(at), Len: uint32(len(d.Data) - at)})
		d.Data = append(d.Data, l.terminator...)
	}
	b.DropFailed()
	b.CopyMeta(d)
	return d
}

func (l lines) anyBroken(b *plugins.Batch) bool {
	for _, i := range b.Sel {
		if l.broken(b.Value(i)) {
			return true
		}
	}
	return false
}

func (l lines) broken(text []byte) bool { return bytes.Contains(text, l.terminator) }
