package codec

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// readCell makes a cell's value the one of row.
func (s *slot) readCell(data *[]byte, c cell, null string, row uint32) error {
	isText := s.Type.Kind == plugins.String || s.Type.Kind == plugins.Any
	if !isText {
		c.p = jsontext.Space((*data)[:c.end], c.p)
		c.end = c.p + len(jsontext.Trim((*data)[c.p:c.end]))
	}
	isNull := (!isText || !c.quoted) && string((*data)[c.p:c.end]) == null
	if isNull && (s.Type.Kind != plugins.String || s.Type.Nullable) {
		return s.absent(row, jsontext.ErrNull)
	}
	c.single(data)
	s.present(row)
	if err := s.cellValue(data, c, row); err != nil {
		return &fieldError{s.path, err}
	}
	return nil
}

// cellValue reads a cell that is not null.
func (s *slot) cellValue(data *[]byte, c cell, row uint32) (err error) {
	text := (*data)[c.p:c.end]
	switch kind := s.Type.Kind; kind {
	case plugins.Any, plugins.String:
		if !utf8.Valid(text) {
			return jsontext.ErrUTF8
		}
		if s.col.Kind == plugins.Any {
			s.col.Kinds[row] = plugins.String
		}
		s.col.Spans[row] = plugins.Span{Off: uint32(c.p), Len: uint32(len(text))}
	case plugins.Float:
		s.col.Floats[row], err = cellFloat(text)
	case plugins.Int:
		s.col.Ints[row], err = cellInt(text)
	case plugins.Bool:
		if s.col.Bools[row], err = strconv.ParseBool(string(text)); err != nil {
			err = &cellError{string(text), kind}
		}
	case plugins.Time:
		s.col.Ints[row], err = jsontext.ParseTime(text, s.Type.Layout)
	default:
		return s.quotedValue(data, c, row)
	}
	return err
}

// quotedValue reads what is written as in JSON, but for the quotes.
func (s *slot) quotedValue(data *[]byte, c cell, row uint32) error {
	if s.Type.Kind.Nested() {
		end, err := s.Read(data, c.p, c.end, row)
		if err == nil && end != c.end {
			err = &jsontext.SyntaxError{At: end}
		}
		return jsontext.Rebase(err, c.p)
	}
	start := len(*data)
	*data = jsontext.AppendQuoted(*data, (*data)[c.p:c.end])
	_, err := s.Read(data, start, len(*data), row)
	return err
}

// cellFloat reads a float, in more forms than JSON has.
func cellFloat(text []byte) (float64, error) {
	f, err := jsontext.ParseFloat(text)
	if err == nil || errors.Is(err, jsontext.ErrRange) {
		return f, err
	}
	for _, c := range text {
		if c-'0' > 9 && c != '+' && c != '-' && c != '.' && c|0x20 != 'e' {
			return 0, &cellError{string(text), plugins.Float}
		}
	}
	f, err = strconv.ParseFloat(string(text), 64)
	return f, cellRange(err, text, plugins.Float)
}

// cellInt reads an int, in more forms than JSON has.
func cellInt(text []byte) (int64, error) {
	n, err := jsontext.ParseInt(text)
	if err == nil || errors.Is(err, jsontext.ErrRange) {
		return n, err
	}
	n, err = strconv.ParseInt(string(text), 10, 64)
	return n, cellRange(err, text, plugins.Int)
}

func cellRange(err error, text []byte, want plugins.Kind) error {
	switch {
	case errors.Is(err, strconv.ErrRange):
		return jsontext.ErrRange
	case err != nil:
		return &cellError{string(text), want}
	}
	return nil
}
