package aggregate

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"

	"github.com/onstream/onstream/plugins"
)

// value is one value of any kind. Memory of its text is its own.
type value struct {
	kind plugins.Kind
	bits int64  // as in a column of kind Any
	text []byte // of kinds that have one
}

// set makes it the value in row i, which is not null.
func (v *value) set(col *plugins.Column, i uint32) {
	v.kind = col.Kind
	if col.Kind == plugins.Any {
		v.kind = col.Kinds[i]
	}
	if hasText(v.kind) {
		v.text = append(v.text[:0], col.Bytes(i)...)
		return
	}
	switch col.Kind {
	case plugins.Bool:
		v.bits = 0
		if col.Bools[i] {
			v.bits = 1
		}
	case plugins.Float:
		v.bits = int64(math.Float64bits(col.Floats[i]))
	default:
		v.bits = col.Ints[i]
	}
}

// view is set without copying the text: it is valid as long as the column.
func view(col *plugins.Column, i uint32) value {
	var v value
	if k := col.Kind; hasText(k) || k == plugins.Any && hasText(col.Kinds[i]) {
		if v.kind = k; k == plugins.Any {
			v.kind = col.Kinds[i]
		}
		v.text = col.Bytes(i)
		return v
	}
	v.set(col, i)
	return v
}

// clone returns a copy with memory of its own.
func (v value) clone() value {
	v.text = bytes.Clone(v.text)
	return v
}

func hasText(k plugins.Kind) bool {
	return k == plugins.String || k == plugins.Bytes || k.Nested()
}

// put makes it the value in a row of a column of its kind, or Any.
func (v value) put(col *plugins.Column, row uint32) {
	if col.Kind == plugins.Any {
		col.Kinds[row] = v.kind
	}
	switch {
	case hasText(v.kind):
		col.AppendBytes(row, v.text)
	case col.Kind == plugins.Bool:
		col.Bools[row] = v.bits != 0
	case col.Kind == plugins.Float:
		col.Floats[row] = math.Float64frombits(uint64(v.bits))
	default:
		col.Ints[row] = v.bits
	}
}

func (v value) append(dst []byte) []byte {
	dst = append(dst, byte(v.kind))
	if hasText(v.kind) {
		return append(binary.AppendUvarint(dst, uint64(len(v.text))), v.text...)
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(v.bits))
}

// readValue reads what append wrote, and returns what comes after it.
func readValue(src []byte) (v value, rest []byte, err error) {
	if len(src) == 0 {
		return v, nil, errDamaged
	}
	v.kind, src = plugins.Kind(src[0]), src[1:]
	if hasText(v.kind) {
		size, n := binary.Uvarint(src)
		if n <= 0 || size > uint64(len(src)-n) {
			return v, nil, errDamaged
		}
		v.text = bytes.Clone(src[n : n+int(size)])
		return v, src[n+int(size):], nil
	}
	if len(src) < 8 {
		return v, nil, errDamaged
	}
	v.bits = int64(binary.LittleEndian.Uint64(src))
	return v, src[8:], nil
}

// ordered are the kinds of values that compare puts in an order.
var ordered = []plugins.Kind{plugins.Int, plugins.Float, plugins.Duration, plugins.Time, plugins.String}

// compare orders values; those of different types by type: numbers, durations,
// times, strings.
func compare(a, b value) int {
	if c := cmp.Compare(rank(a.kind), rank(b.kind)); c != 0 {
		return c
	}
	switch {
	case a.kind == plugins.Float && b.kind == plugins.Float:
		return cmp.Compare(a.float(), b.float())
	case a.kind == plugins.Float:
		return -compareMixed(b.bits, a.float())
	case b.kind == plugins.Float:
		return compareMixed(a.bits, b.float())
	case hasText(a.kind):
		return bytes.Compare(a.text, b.text)
	default:
		return cmp.Compare(a.bits, b.bits)
	}
}

func (v value) float() float64 { return math.Float64frombits(uint64(v.bits)) }

func rank(k plugins.Kind) plugins.Kind {
	switch k {
	case plugins.Float:
		return plugins.Int
	case plugins.Duration:
		return plugins.Time - 1
	case plugins.Time:
		return plugins.Time
	case plugins.String:
		return plugins.Time + 1
	}
	return k
}

// compareMixed compares an integer with a float, exactly.
func compareMixed(n int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Floor(f)
	if c := cmp.Compare(n, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}
