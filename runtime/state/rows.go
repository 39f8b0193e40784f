package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Keys of the rows. Those of a stage begin with its id, whose first byte is
// never 0, so that all of them are one range and an address is written once:
//
//	00 '0'                      format version; before all that depends on it
//	00 'e'                      epoch
//	00 'c'                      newest commit
//	00 'p'                      number and rows of a prepared commit
//	00 's' address              id and shape of a stage
//	00 't' slot                 commits, see trail
//	00 'u' block                the same
//	id 'o' seq                  outbox
//	id 'p' ID name              position of a partition
//	id 's' space group key      state
const (
	rowFormat     = '0'
	rowEpoch      = 'e'
	rowCheckpoint = 'c'
	rowPrepared   = 'p'
	rowStage      = 's'
	rowSlot       = 't'
	rowBlock      = 'u'

	partOutbox    = 'o'
	partPositions = 'p'
	partState     = 's'
)

// format is the version of the rows. It grows when older programs could
// misread them.
const format = 1

// firstID keeps the first byte of ids from being 0.
const firstID uint32 = 1 << 24

var errRow = errors.New("its bytes do not have the right form")

func systemKey(kind byte, rest string) []byte { return append([]byte{0, kind}, rest...) }

// stageRange is the range of all rows of a stage.
func stageRange(id uint32) (from, to []byte) {
	return binary.BigEndian.AppendUint32(nil, id), binary.BigEndian.AppendUint32(nil, id+1)
}

func partKey(dst []byte, id uint32, part byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, id), part)
}

// partRange is the range of one kind of rows of a stage.
func partRange(id uint32, part byte) (from, to []byte) {
	return partKey(nil, id, part), partKey(nil, id, part+1)
}

const stateHeader = 7 // bytes of a state row's key before the key of the stage

func stateKey(dst []byte, id uint32, space byte, g plugins.Group, key []byte) []byte {
	dst = partKey(dst, id, partState)
	dst = append(dst, space, g)
	return append(dst, key...)
}

// groupRange is the range of the state of a group. The group after the last
// one is the first one of the next space.
func groupRange(id uint32, space byte, g plugins.Group, from []byte) (lower, upper []byte) {
	lower = stateKey(nil, id, space, g, from)
	n := uint64(id)<<24 | uint64(partState)<<16 | uint64(space)<<8 | uint64(g)
	upper = binary.BigEndian.AppendUint64(nil, n+1)
	return lower, upper[1:]
}

// outboxKey orders by seq, which is never negative.
func outboxKey(id uint32, seq int64) []byte {
	return binary.BigEndian.AppendUint64(partKey(nil, id, partOutbox), uint64(seq))
}

func decodeOutboxKey(key []byte) (seq int64, err error) {
	if len(key) != 13 {
		return 0, errRow
	}
	return int64(binary.BigEndian.Uint64(key[5:])), nil
}

// positionKey leaves the epoch of the partition out: a newer one replaces the
// position of an older.
func positionKey(id uint32, p plugins.Partition) []byte {
	key := binary.BigEndian.AppendUint32(partKey(nil, id, partPositions), uint32(p.ID))
	return append(key, p.Name...)
}

func positionValue(p plugins.Partition, at plugins.Position) []byte {
	return append(binary.AppendVarint(nil, p.Epoch), at...)
}

func decodePosition(key, value []byte) (p plugins.Partition, at plugins.Position, err error) {
	epoch, n := binary.Varint(value)
	if len(key) < 9 || n <= 0 {
		return p, nil, errRow
	}
	p = plugins.Partition{Name: string(key[9:]), ID: int32(binary.BigEndian.Uint32(key[5:])), Epoch: epoch}
	return p, append(plugins.Position{}, value[n:]...), nil
}

// stage is what is known of an address.
type stage struct {
	id    uint32
	shape string
}

func stageValue(s stage) []byte { return append(binary.BigEndian.AppendUint32(nil, s.id), s.shape...) }

func decodeStage(key, value []byte) (addr string, s stage, err error) {
	if len(key) < 2 || len(value) < 4 {
		return "", s, errRow
	}
	s = stage{binary.BigEndian.Uint32(value), string(value[4:])}
	if s.id < firstID {
		return "", s, errRow
	}
	return string(key[2:]), s, nil
}

func checkpointValue(c Checkpoint, nextID uint32) []byte {
	v := binary.AppendVarint(nil, c.Number)
	v = binary.AppendVarint(v, c.Epoch)
	v = binary.AppendVarint(v, c.At.UnixNano())
	return binary.AppendUvarint(v, uint64(nextID))
}

func decodeCheckpoint(v []byte) (c Checkpoint, nextID uint32, err error) {
	var fields [3]int64
	for i := range fields {
		x, n := binary.Varint(v)
		if n <= 0 {
			return c, 0, errRow
		}
		fields[i], v = x, v[n:]
	}
	id, n := binary.Uvarint(v)
	if n <= 0 || n != len(v) || id < uint64(firstID) || id > 1<<32-1 || fields[0] < 1 {
		return c, 0, errRow
	}
	return Checkpoint{fields[0], fields[1], time.Unix(0, fields[2]).UTC()}, uint32(id), nil
}

func numberValue(n int64) []byte { return binary.AppendVarint(nil, n) }

func decodeNumber(v []byte) (int64, error) {
	x, n := binary.Varint(v)
	if n <= 0 || n != len(v) || x < 0 {
		return 0, errRow
	}
	return x, nil
}

// rowError says which row cannot be read.
func rowError(key []byte, err error) error { return fmt.Errorf("row %x: %w", key, err) }
