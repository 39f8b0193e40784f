package kafka

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/onstream/onstream/plugins"
)

// positionVersion is the first byte of every position of this form.
const positionVersion = 1

// position is where a partition is to be resumed.
type position struct {
	offset int64    // of the next record
	epoch  int32    // of the leader that wrote the record before it, -1 where it is not known
	topic  [16]byte // the topic's identity, zero where the cluster gives none
}

var errPosition = errors.New("it is no position of a Kafka topic")

// encode appends the position's form to buf.
func (p position) encode(buf []byte) plugins.Position {
	buf = append(buf, positionVersion)
	buf = binary.AppendUvarint(buf, uint64(p.offset))
	buf = binary.AppendUvarint(buf, uint64(int64(p.epoch)+1))
	return append(buf, p.topic[:]...)
}

func decodePosition(text plugins.Position) (position, error) {
	if len(text) == 0 || text[0] != positionVersion {
		return position{}, errPosition
	}
	rest := []byte(text[1:])
	offset, n := binary.Uvarint(rest)
	if n <= 0 || offset > math.MaxInt64 {
		return position{}, errPosition
	}
	rest = rest[n:]
	epoch, n := binary.Uvarint(rest)
	if n <= 0 || epoch > math.MaxInt32 || len(rest)-n != 16 {
		return position{}, errPosition
	}
	p := position{offset: int64(offset), epoch: int32(epoch) - 1}
	copy(p.topic[:], rest[n:])
	return p, nil
}
