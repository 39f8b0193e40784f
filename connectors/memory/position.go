package memory

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// positionVersion is the first byte of a position. The number of the bus and the offset
// follow: a bus of another process is another one.
const positionVersion = 1

var errPosition = errors.New("this is no position of the memory bus: it was stored by a newer version, or by another kind of source")

func encodePosition(bus uint64, offset int64) plugins.Position {
	p := make(plugins.Position, 0, 1+8+binary.MaxVarintLen64)
	p = binary.BigEndian.AppendUint64(append(p, positionVersion), bus)
	return binary.AppendUvarint(p, uint64(offset))
}

func decodePosition(p plugins.Position) (bus uint64, offset int64, err error) {
	if len(p) < 1+8+1 || p[0] != positionVersion {
		return 0, 0, errPosition
	}
	n, size := binary.Uvarint(p[9:])
	if size <= 0 || 9+size != len(p) || n > 1<<62 {
		return 0, 0, errPosition
	}
	return binary.BigEndian.Uint64(p[1:]), int64(n), nil
}
