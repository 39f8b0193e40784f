package jsontext

import (
	"math"
	"strconv"
)

// AppendInt appends an integer.
func AppendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// AppendFloat appends the shortest decimal that reads back as f, without
// exponent from 1e-6 up to 2^63: beyond it the digits alone would read back as
// an integer out of range. What is not finite has no JSON and becomes null.
//
// Decimals with few places need no search for the shortest text: if an integer
// below 10^15 divided by 10^6 gives f, that decimal reads back as f, and since
// decimals of up to 15 digits read as different floats no shorter one does.
func AppendFloat(dst []byte, f float64) []byte {
	a := math.Abs(f)
	if a >= 0.001 && a < 1e9 {
		if n := uint64(a*1e3 + 0.5); float64(n)/1e3 == a {
			return appendDecimal(dst, f < 0, n/1e3, n%1e3, 100)
		}
		if n := uint64(a*1e6 + 0.5); float64(n)/1e6 == a {
			return appendDecimal(dst, f < 0, n/1e6, n%1e6, 100_000)
		}
	}
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case a != 0 && (a < 1e-6 || a >= 1<<63):
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		if n := len(dst); dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
			dst[n-2] = dst[n-1] // 1e-09 is written 1e-9
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendDecimal appends whole and, without trailing zeros, rest, whose first
// place counts unit.
func appendDecimal(dst []byte, negative bool, whole, rest, unit uint64) []byte {
	if negative {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, whole, 10)
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest > 0 {
		dst = append(dst, '0'+byte(rest/unit))
		rest %= unit
		unit /= 10
	}
	return dst
}
