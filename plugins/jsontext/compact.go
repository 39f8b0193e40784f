package jsontext

// Compact appends text without the white space between its parts. It neither
// checks nor changes anything else.
func Compact(dst, text []byte) []byte {
	for p := 0; p < len(text); {
		switch c := text[p]; c {
		case ' ', '\n', '\t', '\r':
			p++
		case '"':
			end, _, err := skipString(text, p)
			if err != nil {
				return append(dst, text[p:]...)
			}
			dst = append(dst, text[p:end]...)
			p = end
		default:
			dst = append(dst, c)
			p++
		}
	}
	return dst
}
