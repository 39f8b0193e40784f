package wire

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// bytesWriter makes messages of runs of bytes, one after the other in the same memory.
type bytesWriter struct {
	msg     *pb.Bytes
	data    []byte
	lengths []uint32
}

// spans returns the message of the bytes that the spans of rows have in data. Bytes that lie one behind the other already are not
// copied, unless they are to be kept.
func (w *bytesWriter) spans(spans []plugins.Span, data []byte, rows []uint32, keep bool) *pb.Bytes {
	w.reset()
	begun, together := false, true
	var begin, end uint32
	for _, i := range rows {
		s := spans[i]
		w.lengths = append(w.lengths, s.Len)
		switch {
		case s.Len == 0:
		case !begun:
			begun, begin, end = true, s.Off, s.Off+s.Len
		case s.Off == end:
			end += s.Len
		default:
			together = false
		}
	}
	if together && !keep {
		return w.message(data[begin:end])
	}
	if together {
		w.data = append(w.data, data[begin:end]...)
		return w.message(w.data)
	}
	for _, i := range rows {
		s := spans[i]
		w.data = append(w.data, data[s.Off:s.Off+s.Len]...)
	}
	return w.message(w.data)
}

// reset makes the writer empty, to add to.
func (w *bytesWriter) reset() { w.lengths, w.data = w.lengths[:0], w.data[:0] }

func (w *bytesWriter) add(p []byte) {
	w.lengths = append(w.lengths, uint32(len(p)))
	w.data = append(w.data, p...)
}

func (w *bytesWriter) message(data []byte) *pb.Bytes {
	if w.msg == nil {
		w.msg = &pb.Bytes{}
	}
	w.msg.Data, w.msg.Lengths = data, w.lengths
	return w.msg
}

// checkBytes returns an error where a run does not have so many parts, or the parts are not the run.
func checkBytes(what string, p *pb.Bytes, parts int) error {
	if len(p.GetLengths()) != parts {
		return fmt.Errorf("%s has %d lengths for %d rows", what, len(p.GetLengths()), parts)
	}
	sum := uint64(0)
	for _, n := range p.GetLengths() {
		sum += uint64(n)
	}
	if sum != uint64(len(p.GetData())) {
		return fmt.Errorf("%s has %d bytes, and its lengths are those of %d", what, len(p.GetData()), sum)
	}
	return nil
}

// appendSpans appends the spans of the parts of a run that was put into data at an offset.
func appendSpans(spans []plugins.Span, p *pb.Bytes, at int) []plugins.Span {
	off := uint32(at)
	for _, n := range p.GetLengths() {
		spans = append(spans, plugins.Span{Off: off, Len: n})
		off += n
	}
	return spans
}

// Parts returns the parts of a run of bytes, of which there are to be so many.
func Parts(what string, p *pb.Bytes, parts int) ([][]byte, error) {
	if err := checkBytes(what, p, parts); err != nil {
		return nil, err
	}
	all, data := make([][]byte, parts), p.GetData()
	for i, n := range p.GetLengths() {
		all[i], data = data[:n:n], data[n:]
	}
	return all, nil
}
