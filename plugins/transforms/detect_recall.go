package transforms

import "github.com/onstream/onstream/plugins"

// recall is what results read of the records that led to them: only that is
// kept of a record.
type recall struct {
	sources     []plugins.Path // of the fields, in the record
	cols        []*plugins.Column
	first, last *rowColumns
}

// recalled returns the fields that expressions read of the locals `first` and
// `last`.
func recalled(c plugins.Config) []plugins.Field {
	return plugins.LocalReads(c.AllExprs(), "first", "last")
}

func newRecall(c plugins.Config) *recall {
	fs := recalled(c)
	r := &recall{first: localColumns("first", fs), last: localColumns("last", fs), cols: make([]*plugins.Column, len(fs))}
	for _, f := range fs {
		r.sources = append(r.sources, plugins.JoinPath(f.Name))
	}
	return r
}

// from takes the records of b.
func (r *recall) from(b *plugins.Batch) {
	for k, path := range r.sources {
		r.cols[k] = b.Column(path)
	}
}

// append appends what is kept of row i.
func (r *recall) append(dst []byte, i uint32) []byte {
	for _, col := range r.cols {
		dst = appendValue(dst, col, i)
	}
	return dst
}
