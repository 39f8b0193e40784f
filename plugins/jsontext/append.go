package jsontext

import (
	"bytes"
	"encoding/base64"
	"math"

	"github.com/onstream/onstream/plugins"
)

// AppendRow appends row of c as JSON: bytes as base64, times as layout says
// (the Layout of the column's type), durations as Go writes them. The result
// has no line breaks.
func AppendRow(dst []byte, c *plugins.Column, row uint32, layout string) []byte {
	if c.IsNull(row) {
		return append(dst, "null"...)
	}
	switch k := c.Kind; k {
	case plugins.Float:
		return AppendFloat(dst, c.Floats[row])
	case plugins.Bool:
		return appendBool(dst, c.Bools[row])
	case plugins.Int, plugins.Time, plugins.Duration:
		return appendInts(dst, k, c.Ints[row], layout)
	case plugins.Any:
		switch k := c.Kinds[row]; k {
		case plugins.Float:
			return AppendFloat(dst, math.Float64frombits(uint64(c.Ints[row])))
		case plugins.Bool, plugins.Int, plugins.Time, plugins.Duration:
			return appendInts(dst, k, c.Ints[row], "")
		default:
			return AppendBytes(dst, k, c.Bytes(row))
		}
	default:
		return AppendBytes(dst, k, c.Bytes(row))
	}
}

// AppendValue appends v as AppendRow does.
func AppendValue(dst []byte, v plugins.Value, layout string) []byte {
	switch v.Kind {
	case plugins.Null, plugins.Any:
		return append(dst, "null"...)
	case plugins.Float:
		return AppendFloat(dst, v.Float)
	case plugins.Bool, plugins.Int, plugins.Time, plugins.Duration:
		return appendInts(dst, v.Kind, v.Int, layout)
	default:
		return AppendBytes(dst, v.Kind, []byte(v.Text))
	}
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// appendInts appends what is held as an integer.
func appendInts(dst []byte, k plugins.Kind, n int64, layout string) []byte {
	switch {
	case k == plugins.Int:
		return AppendInt(dst, n)
	case k == plugins.Bool:
		return appendBool(dst, n != 0)
	case k == plugins.Duration:
		dst = AppendDuration(append(dst, '"'), n)
		return append(dst, '"')
	case IsEpoch(layout):
		return AppendTime(dst, n, layout)
	case layout == "":
		dst = AppendTime(append(dst, '"'), n, layout)
		return append(dst, '"')
	}
	var buf [64]byte // a layout may have characters that need escapes
	return AppendQuoted(dst, AppendTime(buf[:0], n, layout))
}

// AppendBytes appends a value of a kind that is held as bytes, as [AppendRow]
// does: strings, bytes and nested values.
func AppendBytes(dst []byte, k plugins.Kind, p []byte) []byte {
	switch {
	case k == plugins.String:
		return AppendQuoted(dst, p)
	case k == plugins.Bytes:
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), p)
		return append(dst, '"')
	case bytes.IndexByte(p, '\n') >= 0 || bytes.IndexByte(p, '\r') >= 0:
		return Compact(dst, p) // such white space would end a line
	}
	return append(dst, p...)
}
