package limit

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at in one go by arithmetic on a word in which each
// byte of interest is turned into zero, then found. The formulas are those of
// Mycroft ("determine if a word has a zero byte", Bit Twiddling Hacks). They
// are exact for the lowest set mark only, which is the one that is asked for.
const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the eight bytes of b at p, the first one lowest.
func word(b []byte, p int) uint64 {
	return binary.LittleEndian.Uint64(b[p : p+8 : p+8])
}

// stringStops marks quotes, backslashes and control characters in w.
func stringStops(w uint64) uint64 {
	quote := w ^ lows*'"'
	slash := w ^ lows*'\\'
	return ((quote-lows)&^quote | (slash-lows)&^slash | (w-lows*0x20)&^w) & highs
}

// scalarStops marks commas, closing braces and brackets, white space and
// other control characters in w.
func scalarStops(w uint64) uint64 {
	comma := w ^ lows*','
	closing := w&^(lows*0x20) ^ lows*(']'&^0x20)
	return ((comma-lows)&^comma | (closing-lows)&^closing | (w-lows*0x21)&^w) & highs
}

// first returns the index of the byte with the lowest mark.
func first(marks uint64) int {
	return bits.TrailingZeros64(marks) >> 3
}

// stringStop returns the index of the first quote, backslash or control
// character in b from p on. There is one: lines end in a newline.
func stringStop(b []byte, p int) int {
	for {
		if marks := stringStops(word(b, p)); marks != 0 {
			return p + first(marks)
		}
		p += 8
	}
}

// scalarStop returns the index of the first byte in b from p on that cannot
// be part of a number, true, false or null.
func scalarStop(b []byte, p int) int {
	for {
		if marks := scalarStops(word(b, p)); marks != 0 {
			return p + first(marks)
		}
		p += 8
	}
}
