package codec

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/encoding/protowire"
)

// maxPlace is how deep in others a message may be declared.
const maxPlace = 64

// head returns how many bytes stand in front of a record: the id of its schema
// and the place of its message there, which is left in d.places.
func (d *protoDecoder) head(record []byte) (int, error) {
	if _, ok := idOf(record); !ok {
		return 0, errNoID
	}
	p := idBytes
	number := func() (int, bool) {
		v, n := protowire.ConsumeVarint(record[p:])
		if n < 0 {
			return 0, false
		}
		p += n
		return int(protowire.DecodeZigZag(v)), true
	}
	n, ok := number()
	if !ok || n < 0 || n > maxPlace {
		return 0, errNoPlace
	}
	d.places = append(d.places[:0], 0) // the first message, where none is named
	if n > 0 {
		d.places = d.places[:0]
	}
	for range n {
		i, ok := number()
		if !ok {
			return 0, errNoPlace
		}
		d.places = append(d.places, i)
	}
	return p, nil
}

// stepOf returns how records with such a head are read.
func (d *protoDecoder) stepOf(head []byte) (*protoStep, error) {
	if s := d.steps[string(head)]; s != nil {
		return s, nil
	}
	id, _ := idOf(head)
	files, err := d.ids.schema(id)
	if err != nil {
		return nil, err
	}
	m, err := files.at(d.places)
	if err != nil {
		return nil, err
	}
	if d.steps == nil || len(d.steps) >= maxSchemas {
		d.steps = map[string]*protoStep{}
	}
	s := planProto(m, d.root)
	d.steps[string(head)] = s
	return s, nil
}

// appendPlace appends where a message is declared, as head reads it.
func appendPlace(dst []byte, place []int) []byte {
	if len(place) == 1 && place[0] == 0 {
		return append(dst, 0)
	}
	dst = protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(len(place))))
	for _, i := range place {
		dst = protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(i)))
	}
	return dst
}

// protoStream cuts messages that stand one behind the other, each behind its
// length.
type protoStream struct{}

var _ plugins.Splitter = protoStream{}

// Split implements [plugins.Splitter].
func (protoStream) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		n, size := protowire.ConsumeVarint(data[from:])
		err := wireError(size)
		switch {
		case size >= 0 && n > maxItem:
			return spans, from, &rowError{"record " + errTooLong.Error()}
		case size >= 0 && n <= uint64(len(data)-from-size):
			length := size + int(n)
			spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(length)})
			from += length
			continue
		case size >= 0:
			err = errTruncated
		}
		if errors.Is(err, errTruncated) && !atEnd {
			return spans, from, nil
		}
		return spans, from, &rowError{"record " + err.Error()}
	}
	return spans, from, nil
}
