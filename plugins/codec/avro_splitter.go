package codec

import (
	"bytes"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// avroStream cuts records that stand one behind the other.
type avroStream struct{ t *avroType }

var _ plugins.Splitter = avroStream{}

var errContainer = &rowError{"this is an Avro container file, whose records are in compressed blocks: write the records out one behind the other, with the schema in a file of its own"}

// Split implements [plugins.Splitter].
func (s avroStream) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	if from == 0 && bytes.HasPrefix(data, []byte("Obj\x01")) {
		return spans, 0, errContainer
	}
	for from < len(data) {
		r := avroReader{text: data}
		next, err := r.skip(s.t, from, 1)
		if errors.Is(err, errTruncated) && !atEnd {
			return spans, from, nil
		}
		if err == nil && next == from {
			err = errMalformed // the schema has nothing in it
		}
		if err != nil {
			return spans, from, &rowError{"record " + err.Error()}
		}
		spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(next - from)})
		from = next
	}
	return spans, from, nil
}
