package codec

import (
	"errors"
	"math"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// token makes a value that is neither list nor map the one of row.
func (s *slot) token(f itemFormat, data *[]byte, t token, row uint32) error {
	kind := s.Type.Kind
	switch {
	case t.kind == plugins.Null:
		return s.absent(row, jsontext.ErrNull)
	case kind == plugins.Float && t.kind == plugins.Int && errors.Is(t.err, jsontext.ErrRange):
		t = token{kind: plugins.Float, f: t.f}
	case t.err != nil:
		return t.err
	case kind == plugins.Float && t.kind == plugins.Int:
		t = token{kind: plugins.Float, f: float64(t.n)}
	}
	s.present(row)
	if t.kind == plugins.String || t.kind == plugins.Bytes {
		return s.textToken(f, data, t, row)
	}
	switch {
	case kind == plugins.Time && t.kind == plugins.Int && jsontext.IsEpoch(s.Type.Layout):
		ns, err := jsontext.FromEpoch(t.n, s.Type.Layout)
		s.col.Ints[row] = ns
		return err
	case kind != plugins.Any && kind != t.kind:
		return &jsontext.MismatchError{Got: t.kind, Want: kind}
	}
	s.scalar(t, row)
	return nil
}

// scalar stores a value that is not text.
func (s *slot) scalar(t token, row uint32) {
	c := &s.col
	switch {
	case c.Kind == plugins.Any && t.kind == plugins.Float:
		c.Kinds[row], c.Ints[row] = t.kind, int64(math.Float64bits(t.f))
	case c.Kind == plugins.Any:
		c.Kinds[row], c.Ints[row] = t.kind, t.n
	case t.kind == plugins.Bool:
		c.Bools[row] = t.n != 0
	case t.kind == plugins.Float:
		c.Floats[row] = t.f
	default:
		c.Ints[row] = t.n
	}
}

// textToken stores a string or bytes, or what is written as such.
func (s *slot) textToken(f itemFormat, data *[]byte, t token, row uint32) (err error) {
	if t.chunks {
		p := len(*data)
		*data = appendString(f, *data, *data, t)
		t.p, t.end = p, len(*data)
	}
	text := (*data)[t.p:t.end]
	span := plugins.Span{Off: uint32(t.p), Len: uint32(len(text))}
	if t.kind == plugins.String && s.Type.Kind != plugins.Bytes && !utf8.Valid(text) {
		return jsontext.ErrUTF8
	}
	switch kind := s.Type.Kind; {
	case kind == plugins.Any || kind == t.kind || kind == plugins.Bytes:
		s.setText(row, t.kind, span)
	case t.kind == plugins.String && kind == plugins.Time && !jsontext.IsEpoch(s.Type.Layout):
		s.col.Ints[row], err = jsontext.ParseTime(text, s.Type.Layout)
	case t.kind == plugins.String && kind == plugins.Duration:
		s.col.Ints[row], err = parseDuration(text)
	default:
		err = &jsontext.MismatchError{Got: t.kind, Want: kind}
	}
	return err
}
