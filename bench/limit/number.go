package limit

import "strconv"

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// number parses b[p:end] as a JSON number. Decimals of at most eight bytes
// take the exact path: their digits are an integer below 2^53 and their scale
// is an exact power of ten, so that one division rounds correctly. The rest
// goes to strconv.
func number(b []byte, p, end int) (float64, bool) {
	n := end - p
	if n < 1 || n > 8 || b[p] == '-' {
		return slowNumber(b[p:end])
	}
	w := word(b, p)
	digits, fraction := n, 0
	dot := w ^ lows*'.'
	// Marks behind the token's end do not count.
	if marks := (dot - lows) &^ dot & highs << (64 - 8*n); marks != 0 {
		k := first(marks) - (8 - n)
		fraction = n - 1 - k
		digits = n - 1
		if k == 0 || fraction == 0 {
			return 0, false
		}
		below := uint64(1)<<(8*k) - 1
		w = w&below | w>>8&^below
	}
	if digits-fraction > 1 && b[p] == '0' {
		return slowNumber(b[p:end])
	}
	// Shifting the digits up drops what follows them and puts zeros, which
	// are leading digits 0 by then, in front.
	w = (w ^ lows*'0') << (64 - 8*digits)
	if (w|(w+lows*(0x80-10)))&highs != 0 {
		return slowNumber(b[p:end])
	}
	return float64(eightDigits(w)) / powers[fraction], true
}

// eightDigits returns the value of eight digits, the first in the lowest byte,
// by adding neighbours pairwise (Johnny Lee; see "Faster integer parsing" by
// Daniel Lemire).
func eightDigits(w uint64) uint64 {
	const pair = 0x000000FF000000FF
	w = w*10 + w>>8
	return (w&pair*(100+1_000_000<<32) + w>>16&pair*(1+10_000<<32)) >> 32
}

// integer parses b[p:end] as an integer. Such as have 9 to 16 digits, which
// times in milliseconds are, take two words: the last eight digits, and those
// in front of them.
func integer(b []byte, p, end int) (int64, bool) {
	n := end - p
	if n < 9 || n > 16 || b[p] == '0' || b[p] == '-' {
		return slowInteger(b[p:end])
	}
	front := (word(b, p) ^ lows*'0') << (64 - 8*(n-8))
	back := word(b, end-8) ^ lows*'0'
	if (front|back|(front+lows*(0x80-10))|(back+lows*(0x80-10)))&highs != 0 {
		return slowInteger(b[p:end])
	}
	return int64(eightDigits(front)*1e8 + eightDigits(back)), true
}

// slowInteger parses any JSON number that is spelled as an integer of 64 bits.
func slowInteger(token []byte) (int64, bool) {
	if !isNumber(token) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(token), 10, 64)
	return n, err == nil
}

// slowNumber parses any JSON number. A value beyond the range of float64 is
// no number here.
func slowNumber(token []byte) (float64, bool) {
	if !isNumber(token) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(token), 64)
	return f, err == nil
}

// isNumber tells whether token follows the number grammar of RFC 8259, which
// is narrower than what strconv accepts.
func isNumber(token []byte) bool {
	t := token
	digits := func() (n int) {
		for len(t) > 0 && t[0]-'0' <= 9 {
			t = t[1:]
			n++
		}
		return n
	}
	if len(t) > 0 && t[0] == '-' {
		t = t[1:]
	}
	zero := len(t) > 0 && t[0] == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		return false
	}
	if len(t) > 0 && t[0] == '.' {
		t = t[1:]
		if digits() == 0 {
			return false
		}
	}
	if len(t) > 0 && t[0]|0x20 == 'e' {
		t = t[1:]
		if len(t) > 0 && (t[0] == '+' || t[0] == '-') {
			t = t[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return len(t) == 0
}
