package onstream

import (
	"math/bits"
	"unsafe"
)

// Field returns the value of a field of a JSON object as it is written, without blanks around it: a string with its quotes. It looks at no more of the
// text than it must, so what it finds in a text that is not JSON is of no use. Of a field that is there twice it is the first one. A name with
// escapes in the text is not found.
func Field(object []byte, name string) (value []byte, ok bool) {
	i := skipBlanks(object, 0)
	if i >= len(object) || byteAt(object, i) != '{' {
		return nil, false
	}
	for {
		from, next := scan(object, i+1, name)
		if from > 0 {
			return object[from:next:next], true
		}
		if i = skipBlanks(object, next); i >= len(object) || byteAt(object, i) != '"' {
			return nil, false
		}
		end := i + 1 + len(name)
		is := end < len(object) && byteAt(object, end) == '"' && string(object[i+1:end]) == name
		if is {
			i = end + 1
		} else if i = skipString(object, i); i < 0 {
			return nil, false
		}
		if i = skipBlanks(object, i); i >= len(object) || byteAt(object, i) != ':' {
			return nil, false
		}
		i = skipBlanks(object, i+1)
		end = i
		switch {
		case i >= len(object):
		case byteAt(object, i) == '"':
			end = skipString(object, i)
		case byteAt(object, i) == '{' || byteAt(object, i) == '[':
			end = skipNested(object, i)
		default:
			end = skipScalar(object, i)
		}
		if end <= i {
			return nil, false
		}
		if is {
			return object[i:end:end], true
		}
		if i = skipBlanks(object, end); i >= len(object) || byteAt(object, i) != ',' {
			return nil, false
		}
	}
}

// skipBlanks is small, so that it costs no call where there are none.
func skipBlanks(b []byte, i int) int {
	if i < len(b) && byteAt(b, i) <= ' ' {
		return skipMoreBlanks(b, i)
	}
	return i
}

func skipMoreBlanks(b []byte, i int) int {
	for i < len(b) && isBlank(byteAt(b, i)) {
		i++
	}
	return i
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// Eight bytes are looked at at a time: in a module, a word costs as much as a byte.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros has the high bit of the first byte of w that is zero; those above may have it as well.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// word returns the 8 bytes at i, which are there, as a little-endian number: that of modules, and of the machines that tests run on.
func word(b []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// skipString returns what is behind the string that begins at i, -1 where it does not end.
func skipString(b []byte, i int) int {
	i++
	for i+8 <= len(b) {
		w := word(b, i)
		found := zeros(w^'"'*ones) | zeros(w^'\\'*ones)
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) >> 3
		if byteAt(b, i) == '"' {
			return i + 1
		}
		i += 2
	}
	for ; i < len(b); i++ {
		switch byteAt(b, i) {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// skipScalar returns what is behind a number or a literal.
func skipScalar(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := word(b, i)
		// Blanks are below '!'.
		found := zeros(w^','*ones) | zeros(w^'}'*ones) | zeros(w^']'*ones) | (w-'!'*ones)&^w&highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	for i < len(b) && byteAt(b, i) != ',' && byteAt(b, i) != '}' && byteAt(b, i) != ']' && byteAt(b, i) > ' ' {
		i++
	}
	return i
}

// skipNested returns what is behind such a value, -1 where it does not end.
func skipNested(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch byteAt(b, i) {
		case '"':
			end := skipString(b, i)
			if end < 0 {
				return -1
			}
			if depth == 0 {
				return end
			}
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// byteAt returns the byte at i, which is there: in a module, to look at that twice costs a tenth of all.
func byteAt(b []byte, i int) byte {
	return *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// AppendString appends a text as a JSON string.
func AppendString(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
