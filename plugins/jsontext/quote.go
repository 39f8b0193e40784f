package jsontext

import "unicode/utf8"

// AppendQuoted appends s as a JSON string. Bytes that are not UTF-8 become the
// replacement character: what leaves is always valid.
func AppendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	p := 0
	for ; p+8 <= len(s); p += 8 {
		if w := word(s, p); stringMarks(w)|w&highs != 0 {
			return appendEscaped(dst, s)
		}
	}
	for ; p < len(s); p++ {
		if c := s[p]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(dst, s)
		}
	}
	dst = append(dst, s...)
	return append(dst, '"')
}

// AppendQuotedString is AppendQuoted for a string.
func AppendQuotedString(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, '"')
	dst = append(dst, s...)
	for _, c := range dst[start+1:] {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(dst[:start+1], []byte(s))
		}
	}
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// appendEscaped appends s with escapes, and the closing quote.
func appendEscaped(dst, s []byte) []byte {
	for p := 0; p < len(s); {
		c := s[p]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[p:])
			dst = utf8.AppendRune(dst, r)
			p += n
			continue
		}
		p++
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, '"')
}
