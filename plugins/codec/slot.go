package codec

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// slot is a field that a decoder extracts.
type slot struct {
	jsontext.Slot
	path plugins.Path
	col  plugins.Column
}

func newSlot(f plugins.Field) *slot {
	s := &slot{path: f.Name}
	s.Col, s.Type = &s.col, f.Type
	return s
}

// missing makes the value of row null because the record does not have it.
func (s *slot) missing(row uint32) error { return s.absent(row, errMissing) }

// absent makes the value of row null. Where it must not be, err says why it is.
func (s *slot) absent(row uint32, err error) error {
	if !s.Type.Nullable && s.Type.Kind != plugins.Any {
		return &fieldError{s.path, err}
	}
	s.col.SetNull(row)
	return nil
}

// present takes back that the value of row is null.
func (s *slot) present(row uint32) {
	if s.col.Nulls != nil {
		s.col.Nulls[row] = false
	}
}

// setText makes the value of row the bytes of a span, of a kind that has spans.
func (s *slot) setText(row uint32, kind plugins.Kind, span plugins.Span) {
	if s.col.Kind == plugins.Any {
		s.col.Kinds[row] = kind
	}
	s.col.Spans[row] = span
}

// failed is err as what is wrong with the field.
func (s *slot) failed(err error) error {
	if _, ok := errors.AsType[*fieldError](err); ok {
		return err
	}
	return &fieldError{s.path, err}
}
