package jsontext

import "github.com/onstream/onstream/plugins"

// KindOf tells by its first bytes what kind of value text is: Null, Bool, Int,
// Float, String, List or Record, and Any where it cannot be one.
func KindOf(text []byte) plugins.Kind {
	if len(text) == 0 {
		return plugins.Any
	}
	switch c := text[0]; {
	case c == '"':
		return plugins.String
	case c == '{':
		return plugins.Record
	case c == '[':
		return plugins.List
	case c == 't' || c == 'f':
		return plugins.Bool
	case c == 'n':
		return plugins.Null
	case c != '-' && c-'0' > 9:
		return plugins.Any
	case isInteger(text, 0):
		return plugins.Int
	}
	return plugins.Float
}

// isInteger tells whether the number at p has neither fraction nor exponent.
func isInteger(text []byte, p int) bool {
	if p < len(text) && text[p] == '-' {
		p++
	}
	for p < len(text) && text[p]-'0' <= 9 {
		p++
	}
	return p == len(text) || isStop(text[p])
}

// Parse returns the value that text is, in boxed form; arrays and objects are
// Lists and Records of the text, checked.
func Parse(text []byte) (plugins.Value, error) {
	var c plugins.Column
	c.Reset(plugins.Any, 1)
	s := Slot{Col: &c}
	if err := s.Set(0, text); err != nil {
		return plugins.Value{}, err
	}
	return c.Value(0), nil
}
