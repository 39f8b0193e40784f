package jsontext

import (
	"encoding/base64"
	"math"
	"time"

	"github.com/onstream/onstream/plugins"
)

// A Slot puts JSON values into a column of a type. What does not fit the type
// is an error; null fits what is nullable.
//
// Strings with a Type of Bytes are base64, a Time is as its Layout says, a
// Duration as Go writes it. Lists, maps and records are checked to be JSON of
// that kind, but not for the types of what is in them.
type Slot struct {
	Col  *plugins.Column // of Type's kind, reset by the caller
	Type plugins.Type
}

// Set makes the value that text is the one of row, in memory of the column.
func (s *Slot) Set(row uint32, text []byte) error {
	text = Trim(text)
	start := len(s.Col.Data)
	s.Col.Data = append(s.Col.Data, text...)
	end, err := s.Read(&s.Col.Data, start, start+len(text), row)
	if err == nil && end < start+len(text) {
		err = syntax(end)
	}
	if err != nil || !s.inData(row) {
		s.Col.Data = s.Col.Data[:start]
	}
	return Rebase(err, start)
}

// inData tells whether the column's value of row is in its Data.
func (s *Slot) inData(row uint32) bool {
	k := s.Col.Kind
	if k == plugins.Any {
		k = s.Col.Kinds[row]
	}
	return k == plugins.String || k == plugins.Bytes || k.Nested()
}

// Read makes the value that starts at p in (*data)[:end] the one of row, and
// returns the index behind it. Spans of the column then point into *data, to
// which text with escapes is appended anew.
func (s *Slot) Read(data *[]byte, p, end int, row uint32) (int, error) {
	text := (*data)[:end]
	c := s.Col
	if p >= end {
		return p, syntax(end)
	}
	if text[p] == 'n' {
		return s.null(text, p, row)
	}
	if c.Nulls != nil {
		c.Nulls[row] = false
	}
	switch s.Type.Kind {
	case plugins.Float:
		f, next, err := scanFloat(text, p)
		c.Floats[row] = f
		return next, err
	case plugins.Int:
		n, next, err := scanInt(text, p)
		c.Ints[row] = n
		return next, wanting(err, plugins.Int)
	case plugins.String:
		return s.text(data, text, p, row)
	case plugins.Bool:
		b, next, err := scanBool(text, p)
		c.Bools[row] = b
		return next, err
	case plugins.Any:
		return s.any(data, text, p, row)
	case plugins.Time:
		n, next, err := s.time(text, p)
		c.Ints[row] = n
		return next, err
	case plugins.Duration:
		n, next, err := scanDuration(text, p)
		c.Ints[row] = n
		return next, err
	case plugins.Bytes:
		return s.bytes(data, text, p, row)
	default:
		return s.nested(text, p, row)
	}
}

func (s *Slot) null(text []byte, p int, row uint32) (int, error) {
	end := scalarStop(text, p)
	switch {
	case string(text[p:end]) != "null":
		return p, syntax(p)
	case !s.Type.Nullable && s.Type.Kind != plugins.Any:
		return end, ErrNull
	}
	s.Col.SetNull(row)
	return end, nil
}

func scanBool(text []byte, p int) (value bool, end int, err error) {
	end = scalarStop(text, p)
	switch string(text[p:end]) {
	case "true":
		return true, end, nil
	case "false":
		return false, end, nil
	}
	return false, p, mismatch(text, p, plugins.Bool)
}

// text reads a string. Without escapes, it is where it is.
func (s *Slot) text(data *[]byte, text []byte, p int, row uint32) (int, error) {
	if text[p] != '"' {
		return p, mismatch(text, p, plugins.String)
	}
	end, escaped, err := scanString(text, p)
	if err != nil {
		return end, err
	}
	span := plugins.Span{Off: uint32(p + 1), Len: uint32(end - p - 2)}
	if escaped {
		span.Off = uint32(len(*data))
		if *data, err = appendUnescaped(*data, text, p+1, end-1); err != nil {
			return end, err
		}
		span.Len = uint32(len(*data)) - span.Off
	}
	s.Col.Spans[row] = span
	return end, nil
}

func (s *Slot) bytes(data *[]byte, text []byte, p int, row uint32) (int, error) {
	if text[p] != '"' {
		return p, mismatch(text, p, plugins.Bytes)
	}
	end, _, err := skipString(text, p)
	if err != nil {
		return end, err
	}
	start := len(*data)
	*data, err = base64.StdEncoding.AppendDecode(*data, text[p+1:end-1])
	if err != nil {
		return end, errBase64
	}
	s.Col.Spans[row] = plugins.Span{Off: uint32(start), Len: uint32(len(*data) - start)}
	return end, nil
}

func (s *Slot) time(text []byte, p int) (int64, int, error) {
	if IsEpoch(s.Type.Layout) {
		n, end, err := scanInt(text, p)
		if err == nil {
			n, err = FromEpoch(n, s.Type.Layout)
		}
		return n, end, wanting(err, plugins.Int)
	}
	if text[p] != '"' {
		return 0, p, mismatch(text, p, plugins.Time)
	}
	end, _, err := skipString(text, p)
	if err != nil {
		return 0, end, err
	}
	n, err := ParseTime(text[p+1:end-1], s.Type.Layout)
	return n, end, err
}

func scanDuration(text []byte, p int) (int64, int, error) {
	if text[p] != '"' {
		return 0, p, mismatch(text, p, plugins.Duration)
	}
	end, _, err := skipString(text, p)
	if err != nil {
		return 0, end, err
	}
	d, err := time.ParseDuration(string(text[p+1 : end-1]))
	if err != nil {
		return 0, end, ErrDuration
	}
	return int64(d), end, nil
}

// nested reads the text of an array or object.
func (s *Slot) nested(text []byte, p int, row uint32) (int, error) {
	isList := text[p] == '['
	if !isList && text[p] != '{' || isList != (s.Type.Kind == plugins.List) {
		return p, mismatch(text, p, s.Type.Kind)
	}
	end, err := checkValue(text, p, 1)
	s.Col.Spans[row] = plugins.Span{Off: uint32(p), Len: uint32(end - p)}
	return end, err
}

// any reads a value of whatever kind it is.
func (s *Slot) any(data *[]byte, text []byte, p int, row uint32) (end int, err error) {
	c := s.Col
	switch text[p] {
	case '"':
		c.Kinds[row] = plugins.String
		return s.text(data, text, p, row)
	case '{', '[':
		c.Kinds[row] = KindOf(text[p:])
		end, err = checkValue(text, p, 1)
		c.Spans[row] = plugins.Span{Off: uint32(p), Len: uint32(end - p)}
		return end, err
	case 't', 'f':
		b, end, err := scanBool(text, p)
		c.Kinds[row], c.Ints[row] = plugins.Bool, 0
		if b {
			c.Ints[row] = 1
		}
		return end, err
	}
	if isInteger(text, p) {
		c.Kinds[row] = plugins.Int
		c.Ints[row], end, err = scanInt(text, p)
		return end, err
	}
	f, end, err := scanFloat(text, p)
	c.Kinds[row], c.Ints[row] = plugins.Float, int64(math.Float64bits(f))
	return end, err
}

// mismatch says that what is at p is of another kind than wanted.
func mismatch(text []byte, p int, want plugins.Kind) error {
	if k := KindOf(text[p:]); k != plugins.Any && k != want {
		return &MismatchError{k, want}
	}
	return syntax(p)
}
