package onstream

import (
	"math"
	"strconv"
	"unsafe"
)

// Number reads a JSON number, as Field returns it.
func Number(text []byte) (v float64, ok bool) {
	if v, ok, short := shortNumber(text); short {
		return v, ok
	}
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	return v, err == nil
}

// powers are the powers of ten that a float holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// shortNumber reads numbers whose digits a float holds exactly, so that one division gives the nearest. It reports
// whether it is one of these, or no number at all.
func shortNumber(b []byte) (v float64, ok, short bool) {
	i, digits, fraction, n := 0, uint64(0), 0, 0
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		i++
	}
	begin := i
	for ; i < len(b) && byteAt(b, i)-'0' <= 9; i++ {
		digits = digits*10 + uint64(byteAt(b, i)-'0')
		n++
	}
	switch {
	case n == 0 || n > 1 && b[begin] == '0':
		return 0, false, true
	case i < len(b) && byteAt(b, i) == '.':
		for i++; i < len(b) && byteAt(b, i)-'0' <= 9; i++ {
			digits = digits*10 + uint64(byteAt(b, i)-'0')
			fraction++
		}
		if fraction == 0 {
			return 0, false, true
		}
	}
	if i < len(b) && byteAt(b, i)|0x20 == 'e' {
		return 0, false, !isExponent(b[i+1:])
	}
	if i < len(b) {
		return 0, false, true
	}
	if n+fraction > 15 {
		return 0, false, false
	}
	v = float64(digits) / powers[fraction]
	if negative {
		v = -v
	}
	return v, true, true
}

func isExponent(b []byte) bool {
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}

// AppendNumber appends the shortest decimal that reads back as the number, as onstream writes it in JSON; null for one that is not finite.
func AppendNumber(dst []byte, v float64) []byte {
	a := math.Abs(v)
	if a >= 0.001 && a < 1e9 {
		// If an integer below 10^12, divided by 1000, is the number, that decimal reads back as it; and as decimals of up to 15 digits
		// read as different numbers, there is no shorter one.
		if n := uint64(a*1000 + 0.5); float64(n)/1000 == a {
			return appendThousandths(dst, v < 0, n)
		}
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(dst, "null"...)
	case a != 0 && (a < 1e-6 || a >= 1<<63):
		dst = strconv.AppendFloat(dst, v, 'e', -1, 64)
		if n := len(dst); dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // 1e-09 is written 1e-9
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

func appendThousandths(dst []byte, negative bool, n uint64) []byte {
	if negative {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, n/1000, 10)
	rest := n % 1000
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+rest/100))
	if rest %= 100; rest == 0 {
		return dst
	}
	dst = append(dst, byte('0'+rest/10))
	if rest %= 10; rest == 0 {
		return dst
	}
	return append(dst, byte('0'+rest))
}

// AppendFixed appends a number with so many decimals, up to 9, rounded half away from zero. One that is not finite is written as 0.
func AppendFixed(dst []byte, v float64, decimals int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	scale := powers[decimals]
	n := math.Floor(math.Abs(v)*scale + 0.5)
	if n >= 1<<53 {
		return strconv.AppendFloat(dst, v, 'f', decimals, 64)
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	whole, rest := uint64(n)/uint64(scale), uint64(n)%uint64(scale)
	if dst = strconv.AppendUint(dst, whole, 10); decimals == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := uint64(scale) / 10; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+rest/unit%10))
	}
	return dst
}
