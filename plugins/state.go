package plugins

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// Groups is how many groups the keys of a stage are divided into.
const Groups = 256

// Group is a part of the keys of a stage. Each lane owns a run of groups, so
// that state finds its lane again whatever the number of lanes is next time.
type Group = uint8

// KeySpace is the space of a stage's state with a row for each key, which is
// what is counted for people. Other spaces are for what it needs besides.
const KeySpace byte = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// GroupOf returns the group of a key in the form of [AppendKey]. It never
// changes: stored state depends on it. The groups are the top bits of the
// CRC-32C, mixed by a multiplication because a CRC of short keys alone leaves
// them uneven.
func GroupOf(key []byte) Group { return groupOfSum(crc32.Checksum(key, castagnoli)) }

func groupOfSum(sum uint32) Group { return Group(sum * 0x9E3779B1 >> 24) }

// AppendGroups appends the group of the key in each of the rows of a column:
// what GroupOf(AppendKey()) is, without a copy of keys that are text.
func AppendGroups(dst []Group, col *Column, rows []uint32) []Group {
	if col.Kind == String || col.Kind == Bytes {
		kind := crc32.Checksum([]byte{byte(col.Kind)}, castagnoli)
		for _, i := range rows {
			sum := uint32(0)
			if col.Nulls == nil || !col.Nulls[i] {
				sum = crc32.Update(kind, castagnoli, col.Bytes(i))
			}
			dst = append(dst, groupOfSum(sum))
		}
		return dst
	}
	var memory [16]byte // enough for what is not text
	key := memory[:0]
	for _, i := range rows {
		key = AppendKey(key[:0], col, i)
		dst = append(dst, GroupOf(key))
	}
	return dst
}

// AppendKey appends the bytes that stand for the key in row i of a column:
// different for keys of one column that are not equal, and the same at any time
// on any machine. Numbers that are equal are the same key, whatever their kinds:
// a float that is a whole number stands for that. A null, and a nil column,
// stand for no bytes.
func AppendKey(dst []byte, col *Column, i uint32) []byte {
	if col == nil || col.IsNull(i) {
		return dst
	}
	k := col.Kind
	if k == Any {
		k = col.Kinds[i]
	}
	if k == Float {
		return appendFloatKey(dst, col, i)
	}
	dst = append(dst, byte(k))
	switch {
	case k == String || k == Bytes || k.Nested():
		return append(dst, col.Bytes(i)...)
	case col.Kind == Bool:
		if col.Bools[i] {
			return append(dst, 1)
		}
		return append(dst, 0)
	default:
		return binary.LittleEndian.AppendUint64(dst, uint64(col.Ints[i]))
	}
}

func appendFloatKey(dst []byte, col *Column, i uint32) []byte {
	v := col.Value(i).Float
	if n, ok := whole(v); ok {
		return binary.LittleEndian.AppendUint64(append(dst, byte(Int)), uint64(n))
	}
	return binary.LittleEndian.AppendUint64(append(dst, byte(Float)), math.Float64bits(v))
}

// whole returns the integer that a float is equal to, if there is one.
func whole(v float64) (n int64, ok bool) {
	if v != math.Trunc(v) || v < -1<<63 || v >= 1<<63 {
		return 0, false
	}
	return int64(v), true
}

// IsKey reports whether there is a value whose [AppendKey] form is key, as far
// as its kind tells. What was stored before equal numbers were one key may have
// others.
func IsKey(key []byte) bool {
	if len(key) == 0 || Kind(key[0]) != Float {
		return true
	}
	_, ok := whole(KeyValue(key).Float)
	return !ok
}

// KeyValue returns the value whose [AppendKey] form is key, of several equal
// ones the integer; a null for no bytes.
func KeyValue(key []byte) Value {
	if len(key) == 0 {
		return Value{Kind: Null}
	}
	v, rest := Value{Kind: Kind(key[0])}, key[1:]
	switch {
	case v.Kind == String || v.Kind == Bytes || v.Kind.Nested():
		v.Text = string(rest)
	case v.Kind == Bool && len(rest) > 0:
		v.Int = int64(rest[0])
	case len(rest) < 8:
	case v.Kind == Float:
		v.Float = math.Float64frombits(binary.LittleEndian.Uint64(rest))
	default:
		v.Int = int64(binary.LittleEndian.Uint64(rest))
	}
	return v
}

// Stateful is a transform that keeps something between batches. The engine
// calls it from the goroutine that calls Process, or while none does.
type Stateful interface {
	// Restore is called once, before anything else, with what the stage had
	// stored at the last checkpoint. The state stays readable as long as the
	// transform is used, and is then what the last checkpoint that succeeded
	// has left.
	Restore(s State) error
	// Snapshot writes what has changed since the last call. What is written
	// is never lost: where storing it fails for a while, the engine tries
	// again and calls Snapshot no earlier than that has succeeded.
	Snapshot(w StateWriter) error
}

// State is what the keys of one lane have stored. Spaces are namespaces of
// the stage. It is safe for concurrent use.
type State interface {
	// Groups returns the first and the last group of the lane.
	Groups() (first, last Group)
	// Get appends the value to dst; it reports false where there is none.
	Get(space byte, g Group, key, dst []byte) ([]byte, bool, error)
	// Ascend calls f with each key of a group, in order of their bytes, from
	// the first that is not below from, until f reports false. The slices are
	// valid during the call only.
	Ascend(space byte, g Group, from []byte, f func(key, value []byte) bool) error
}

// StateWriter takes what is to be stored at a checkpoint. It copies what it is
// given.
type StateWriter interface {
	Put(space byte, g Group, key, value []byte)
	Delete(space byte, g Group, key []byte)
}

// StateStats tells what a stateful transform keeps: for metrics.
type StateStats struct {
	Keys int64 // live keys
	Hot  int64 // of these, in memory
}

// StateCounter is a stateful transform that can tell what it keeps. It is
// called like Process.
type StateCounter interface{ StateStats() StateStats }
