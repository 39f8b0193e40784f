package runtime

import (
	"strconv"

	"github.com/onstream/onstream/plugins"
)

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
