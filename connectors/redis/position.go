package redis

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// position is where to go on: after an entry, which is the count-th that was ever added to its
// stream; 0 where that is not known.
type position struct {
	at    id
	count uint64
}

const positionVersion = 1

var errPosition = errors.New("this is no position of a Redis stream: it was stored by a newer version, or by another kind of source")

func (p position) encode() plugins.Position {
	b := make(plugins.Position, 0, 1+3*binary.MaxVarintLen64)
	b = binary.AppendUvarint(append(b, positionVersion), p.at.ms)
	b = binary.AppendUvarint(b, p.at.seq)
	return binary.AppendUvarint(b, p.count)
}

func decodePosition(b plugins.Position) (p position, err error) {
	if len(b) == 0 || b[0] != positionVersion {
		return p, errPosition
	}
	b = b[1:]
	for _, to := range []*uint64{&p.at.ms, &p.at.seq, &p.count} {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return position{}, errPosition
		}
		*to, b = n, b[size:]
	}
	if len(b) > 0 {
		return position{}, errPosition
	}
	return p, nil
}
