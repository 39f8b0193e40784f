package runtime

import (
	"hash/maphash"
	"math"
	"strconv"

	"github.com/onstream/onstream/plugins"
)

// keySeed is fixed for the life of the process; lanes are not remembered
// beyond it.
var keySeed = maphash.MakeSeed()

// hashRow hashes the key in row i.
func hashRow(key *plugins.Column, i uint32) uint64 {
	if key.IsNull(i) {
		return 0
	}
	kind := key.Kind
	if kind == plugins.Any {
		kind = key.Kinds[i]
	}
	switch kind {
	case plugins.Int, plugins.Time, plugins.Duration:
		return maphash.Comparable(keySeed, key.Ints[i])
	case plugins.Bool, plugins.Float:
		v := key.Value(i)
		return maphash.Comparable(keySeed, v.Int^int64(math.Float64bits(v.Float)))
	default:
		return maphash.Bytes(keySeed, key.Bytes(i))
	}
}

// appendKey appends the key in row i as the bytes that a sink sees: text as it
// is, everything else in its usual notation, null as nothing.
func appendKey(dst []byte, key *plugins.Column, i uint32) []byte {
	v := key.Value(i)
	switch v.Kind {
	case plugins.Null:
		return dst
	case plugins.Bool:
		return strconv.AppendBool(dst, v.Int != 0)
	case plugins.Int:
		return strconv.AppendInt(dst, v.Int, 10)
	case plugins.Float:
		return strconv.AppendFloat(dst, v.Float, 'g', -1, 64)
	case plugins.Time:
		return v.Time().AppendFormat(dst, "2006-01-02T15:04:05.999999999Z07:00")
	case plugins.Duration:
		return append(dst, v.Duration().String()...)
	default:
		return append(dst, v.Text...)
	}
}
