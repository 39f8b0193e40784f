package jsontext

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time: each byte looked for is turned into zero by an
// exclusive or, and zero bytes are found by arithmetic on the whole word
// (Alan Mycroft; "Determine if a word has a zero byte" in Bit Twiddling
// Hacks). A borrow can mark bytes above a true mark, never below: the lowest
// mark is exact, and only that one is used.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the eight bytes at p, the first one lowest.
func word(text []byte, p int) uint64 { return binary.LittleEndian.Uint64(text[p:]) }

// lowest returns which byte has the lowest mark.
func lowest(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }

// stringMarks marks quotes, backslashes and control characters.
func stringMarks(w uint64) uint64 {
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
}

// scalarMarks marks commas, closing brackets and braces, white space and
// control characters.
func scalarMarks(w uint64) uint64 {
	comma := w ^ ones*','
	closing := w&^(ones*0x20) ^ ones*(']'&^0x20) // ']' and '}' differ in one bit
	return ((comma-ones)&^comma | (closing-ones)&^closing | (w-ones*0x21)&^w) & highs
}

// stringStop returns the index of the first quote, backslash or control
// character from p on, len(text) when there is none.
func stringStop(text []byte, p int) int {
	for ; p+8 <= len(text); p += 8 {
		if marks := stringMarks(word(text, p)); marks != 0 {
			return p + lowest(marks)
		}
	}
	for ; p < len(text); p++ {
		if c := text[p]; c == '"' || c == '\\' || c < ' ' {
			return p
		}
	}
	return len(text)
}

// scalarStop returns the index of the first byte from p on that cannot be part
// of a number, true, false or null, len(text) when there is none.
func scalarStop(text []byte, p int) int {
	for ; p+8 <= len(text); p += 8 {
		if marks := scalarMarks(word(text, p)); marks != 0 {
			return p + lowest(marks)
		}
	}
	for ; p < len(text); p++ {
		if isStop(text[p]) {
			return p
		}
	}
	return len(text)
}

// isStop tells whether c ends a number, true, false or null.
func isStop(c byte) bool { return c <= ' ' || c == ',' || c == '}' || c == ']' }
