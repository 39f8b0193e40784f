package codec

import (
	"slices"

	"github.com/onstream/onstream/plugins"
)

// base is what records were made from that are not only columns: the payload
// where it is of the format to write, its JSON text otherwise.
type base struct {
	open    bool // there is one
	payload bool
	col     *plugins.Column
	batch   *plugins.Batch
}

func baseOf(s plugins.Shape, format string) base {
	return base{open: s.Format != "", payload: s.Format == format}
}

// needs is what must be a column for it.
func (x *base) needs() []plugins.Field {
	if !x.open || x.payload {
		return nil
	}
	return []plugins.Field{{Name: "", Type: plugins.Of(plugins.Record)}}
}

// of makes it the base of the rows of b.
func (x *base) of(b *plugins.Batch) {
	x.batch = b
	if x.open && !x.payload {
		x.col = b.Column("")
	}
}

// text returns the base of row, nil when there is none.
func (x *base) text(row uint32) []byte {
	switch {
	case !x.open:
		return nil
	case x.payload:
		return x.batch.Value(row)
	}
	return x.col.Bytes(row)
}

// columnsOf returns the fields of a shape that are columns.
func columnsOf(s plugins.Shape) []plugins.Field {
	if s.Format == "" {
		return s.Type.Fields
	}
	var fields []plugins.Field
	for _, name := range s.Set {
		t, _ := s.Type.Field(name)
		fields = append(fields, plugins.Field{Name: name, Type: t})
	}
	return fields
}

// hidden are the names of fields of the payload that do not count: few.
type hidden []string

func hiddenBy(s plugins.Shape) hidden { return slices.Concat(s.Set, s.Removed) }

func (h hidden) has(name []byte) bool {
	for _, x := range h {
		if x == string(name) {
			return true
		}
	}
	return false
}
