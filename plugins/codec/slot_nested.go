package codec

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// wantsNested returns what keeps the slot from holding a list, or an object.
func (s *slot) wantsNested(list bool) error {
	want := s.Type.Kind
	if want == plugins.Any || want.Nested() && (want == plugins.List) == list {
		return nil
	}
	return &jsontext.MismatchError{Got: nestedKind(list), Want: want}
}

// nestedKind is the kind of a value that is held as JSON.
func nestedKind(list bool) plugins.Kind {
	if list {
		return plugins.List
	}
	return plugins.Record
}

// spanFrom is the span of all that data has from start on.
func spanFrom(data []byte, start int) plugins.Span {
	return plugins.Span{Off: uint32(start), Len: uint32(len(data) - start)}
}

// nestedText makes a JSON text at the end of data, from start on, the value of row.
func (s *slot) nestedText(row uint32, list bool, data []byte, start int) {
	s.present(row)
	s.setText(row, nestedKind(list), spanFrom(data, start))
}
