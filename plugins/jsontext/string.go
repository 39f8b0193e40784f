package jsontext

import (
	"unicode/utf16"
	"unicode/utf8"
)

// scanString returns the index behind the string whose opening quote is at p,
// and whether it has escapes. It checks the bytes but not the escapes.
func scanString(text []byte, p int) (end int, escaped bool, err error) {
	start := p + 1
	for p = start; p+8 <= len(text); p += 8 {
		w := word(text, p)
		if marks := stringMarks(w) | w&highs; marks != 0 {
			p += lowest(marks)
			if text[p] == '"' {
				return p + 1, false, nil
			}
			break
		}
	}
	return scanUnicode(text, start, p)
}

// scanUnicode goes on at p with a string that starts at start and may have
// escapes and bytes beyond ASCII.
func scanUnicode(text []byte, start, p int) (end int, escaped bool, err error) {
	for {
		p = stringStop(text, p)
		switch {
		case p >= len(text):
			return p, escaped, syntax(len(text))
		case text[p] == '"':
			if !utf8.Valid(text[start:p]) {
				return p, escaped, ErrUTF8
			}
			return p + 1, escaped, nil
		case text[p] != '\\':
			return p, escaped, syntax(p)
		}
		escaped = true
		p += 2
	}
}

// AppendUnquoted appends the content of the JSON string that text is, quotes
// included.
func AppendUnquoted(dst, text []byte) ([]byte, error) {
	if len(text) == 0 || text[0] != '"' {
		return dst, syntax(0)
	}
	end, escaped, err := scanString(text, 0)
	switch {
	case err != nil:
		return dst, err
	case end != len(text):
		return dst, syntax(end)
	case !escaped:
		return append(dst, text[1:end-1]...), nil
	}
	return appendUnescaped(dst, text, 1, end-1)
}

// appendUnescaped appends the content of a string, text[p:end], with its
// escapes resolved.
func appendUnescaped(dst, text []byte, p, end int) ([]byte, error) {
	for p < end {
		c := text[p]
		if c != '\\' {
			next := min(stringStop(text, p), end)
			dst = append(dst, text[p:next]...)
			p = next
			continue
		}
		if p++; p == end {
			return dst, syntax(p)
		}
		switch c := text[p]; c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, next := escapedRune(text[:end], p+1)
			if next < 0 {
				return dst, syntax(p)
			}
			dst = utf8.AppendRune(dst, r)
			p = next
			continue
		default:
			return dst, syntax(p)
		}
		p++
	}
	return dst, nil
}

// escapedRune reads four hexadecimal digits at p, and the second half of a
// surrogate pair. The next index is -1 if there is no character.
func escapedRune(text []byte, p int) (r rune, next int) {
	r = hex4(text, p)
	if r < 0 {
		return 0, -1
	}
	p += 4
	if !utf16.IsSurrogate(r) {
		return r, p
	}
	if p+6 > len(text) || text[p] != '\\' || text[p+1] != 'u' {
		return 0, -1
	}
	if r = utf16.DecodeRune(r, hex4(text, p+2)); r == utf8.RuneError {
		return 0, -1
	}
	return r, p + 6
}

func hex4(text []byte, p int) (r rune) {
	if p+4 > len(text) {
		return -1
	}
	for _, c := range text[p : p+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
