package jsontext

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 1000

// Space returns the index of the first byte from p on that is no white space,
// len(text) when there is none.
func Space(text []byte, p int) int {
	for p < len(text) && (text[p] == ' ' || text[p] == '\n' || text[p] == '\t' || text[p] == '\r') {
		p++
	}
	return p
}

// Trim returns the text without white space around it.
func Trim(text []byte) []byte {
	text = text[Space(text, 0):]
	n := len(text)
	for n > 0 && (text[n-1] == ' ' || text[n-1] == '\n' || text[n-1] == '\t' || text[n-1] == '\r') {
		n--
	}
	return text[:n]
}

// Skip returns the index behind the value that starts at p.
func Skip(text []byte, p int) (int, error) {
	if p >= len(text) {
		return p, syntax(p)
	}
	switch text[p] {
	case '"':
		end, _, err := skipString(text, p)
		return end, err
	case '{', '[':
		return skipNested(text, p)
	}
	end := scalarStop(text, p)
	if end == p {
		return p, syntax(p)
	}
	return end, nil
}

// skipString returns the index behind the string whose opening quote is at p,
// and whether it has escapes.
func skipString(text []byte, p int) (end int, escaped bool, err error) {
	p++
	for {
		p = stringStop(text, p)
		switch {
		case p >= len(text):
			return p, escaped, syntax(len(text))
		case text[p] == '"':
			return p + 1, escaped, nil
		case text[p] != '\\':
			return p, escaped, syntax(p)
		}
		escaped = true
		p += 2
	}
}

// Name reads the name of a member, whose opening quote is to be at p, and
// returns it with escapes resolved, and where the member's value starts.
func Name(text []byte, p int) (name []byte, value int, err error) {
	if p >= len(text) || text[p] != '"' {
		return nil, p, syntax(p)
	}
	end, escaped, err := skipString(text, p)
	if err != nil {
		return nil, p, err
	}
	name = text[p+1 : end-1]
	if escaped {
		if name, err = appendUnescaped(nil, text, p+1, end-1); err != nil {
			return nil, p, err
		}
	}
	p = end
	if p >= len(text) || text[p] != ':' {
		if p = Space(text, p); p >= len(text) || text[p] != ':' {
			return nil, p, syntax(p)
		}
	}
	return name, Space(text, p+1), nil
}

// skipNested returns the index behind the array or object at p.
func skipNested(text []byte, p int) (int, error) { return Leave(text, p+1, 1) }

// Leave returns the index behind the bracket that closes the outermost of the
// depth arrays and objects that p is in; p is in no string. Which bracket closes
// which is not looked at.
func Leave(text []byte, p, depth int) (int, error) {
	for p < len(text) {
		switch text[p] {
		case '"':
			end, _, err := skipString(text, p)
			if err != nil {
				return end, err
			}
			p = end
			continue
		case '{', '[':
			if depth++; depth > MaxDepth {
				return p, ErrDepth
			}
		case '}', ']':
			if depth--; depth == 0 {
				return p + 1, nil
			}
		}
		p++
	}
	return p, syntax(len(text))
}
