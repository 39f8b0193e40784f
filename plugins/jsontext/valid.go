package jsontext

// Valid returns what keeps text from being one JSON value, UTF-8 and escapes
// included.
func Valid(text []byte) error {
	p, err := checkValue(text, Space(text, 0), 1)
	if err != nil {
		return err
	}
	if p = Space(text, p); p < len(text) {
		return syntax(p)
	}
	return nil
}

// checkValue checks the value at p and returns the index behind it. A value
// that has values in it would be at the given depth.
func checkValue(text []byte, p, depth int) (int, error) {
	if p >= len(text) {
		return p, syntax(p)
	}
	switch text[p] {
	case '"':
		return checkString(text, p)
	case '{':
		return checkItems(text, p+1, depth, '}')
	case '[':
		return checkItems(text, p+1, depth, ']')
	}
	end := scalarStop(text, p)
	switch string(text[p:end]) {
	case "true", "false", "null":
		return end, nil
	}
	if !isNumber(text[p:end]) {
		return p, syntax(p)
	}
	return end, nil
}

// checkItems checks what is between an opening bracket, before p, and the
// closing one.
func checkItems(text []byte, p, depth int, close byte) (_ int, err error) {
	if depth > MaxDepth {
		return p, ErrDepth
	}
	if p = Space(text, p); p < len(text) && text[p] == close {
		return p + 1, nil
	}
	for {
		if close == '}' {
			if p >= len(text) || text[p] != '"' {
				return p, syntax(p)
			}
			if p, err = checkString(text, p); err != nil {
				return p, err
			}
			if p = Space(text, p); p >= len(text) || text[p] != ':' {
				return p, syntax(p)
			}
			p = Space(text, p+1)
		}
		if p, err = checkValue(text, p, depth+1); err != nil {
			return p, err
		}
		p = Space(text, p)
		switch {
		case p < len(text) && text[p] == close:
			return p + 1, nil
		case p >= len(text) || text[p] != ',':
			return p, syntax(p)
		}
		p = Space(text, p+1)
	}
}

// checkString checks the string at p and returns the index behind it.
func checkString(text []byte, p int) (int, error) {
	end, escaped, err := scanString(text, p)
	if err == nil && escaped {
		err = checkEscapes(text, p+1, end-1)
	}
	return end, err
}

func checkEscapes(text []byte, p, end int) error {
	for p = stringStop(text, p); p < end; p = stringStop(text, p) {
		p++
		switch text[p] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			p++
		case 'u':
			_, next := escapedRune(text[:end], p+1)
			if next < 0 {
				return syntax(p)
			}
			p = next
		default:
			return syntax(p)
		}
	}
	return nil
}
