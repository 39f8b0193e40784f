package limit

// scan reads the JSON object on the line at p in one pass, whatever the order
// of its keys. It returns the start of the next line, or false if the line is
// not an object.
func scan(b []byte, p int, r *row) (next int, ok bool) {
	p = space(b, p)
	if b[p] != '{' {
		return 0, false
	}
	p = space(b, p+1)
	if b[p] == '}' {
		return lineEnd(b, p+1)
	}
	for {
		if b[p] != '"' {
			return 0, false
		}
		key := p + 1
		var name field
		if p = stringStop(b, key); b[p] == '"' {
			name = fieldNamed(b[key:p])
			p++
		} else if p, ok = stringEnd(b, p); ok {
			name = fieldOf(b[key-1 : p])
		} else {
			return 0, false
		}
		if b[p] != ':' {
			if p = space(b, p); b[p] != ':' {
				return 0, false
			}
		}
		if p++; b[p] <= ' ' {
			p = space(b, p)
		}
		begin := p
		ok = true
		switch b[p] {
		case '"':
			if p = stringStop(b, p+1); b[p] == '"' {
				p++
			} else {
				p, ok = stringEnd(b, p)
			}
		case '{', '[':
			p, ok = nestedEnd(b, p)
		default:
			p = scalarStop(b, p)
			ok = p > begin
		}
		if !ok {
			return 0, false
		}
		r[name] = span{begin, p}
		if b[p] <= ' ' {
			p = space(b, p)
		}
		switch b[p] {
		case ',':
			if p++; b[p] <= ' ' {
				p = space(b, p)
			}
		case '}':
			return lineEnd(b, p+1)
		default:
			return 0, false
		}
	}
}

// stringEnd returns the index behind the closing quote of the string whose
// content starts at p.
func stringEnd(b []byte, p int) (int, bool) {
	for {
		p = stringStop(b, p)
		switch b[p] {
		case '"':
			return p + 1, true
		case '\\':
			// Skip the escaped byte unless it is the newline.
			if p++; b[p] < ' ' {
				return 0, false
			}
			p++
		default:
			return 0, false
		}
	}
}

// nestedEnd returns the index behind the array or object at p.
func nestedEnd(b []byte, p int) (int, bool) {
	for depth := 0; ; {
		switch c := b[p]; c {
		case '"':
			end, ok := stringEnd(b, p+1)
			if !ok {
				return 0, false
			}
			p = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return p + 1, true
			}
		case '\n':
			return 0, false
		}
		p++
	}
}

// space returns the index of the first byte from p on that is no white space,
// or of the newline.
func space(b []byte, p int) int {
	for b[p] == ' ' || b[p] == '\t' || b[p] == '\r' {
		p++
	}
	return p
}

// lineEnd returns the index behind the newline that only white space
// separates from p.
func lineEnd(b []byte, p int) (int, bool) {
	if b[p] != '\n' {
		if p = space(b, p); b[p] != '\n' {
			return 0, false
		}
	}
	return p + 1, true
}
