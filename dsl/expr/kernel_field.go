package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// field makes a node that is a column of the batch. read is the type that the
// column is to have, t the type known here: read, perhaps without null.
func field(path plugins.Path, read, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, field: &path, make: func(*workshop) kernel {
		var own plugins.Column
		absent := newFault(at, codeNull, "the record has no "+path)
		convert := conversion(read, at)
		return func(r *run, sel []uint32) *plugins.Column {
			col := r.batch.Column(path)
			switch {
			case col == nil:
				own.Reset(read.Kind, r.rows)
				zero(&own, r.rows)
				for _, i := range sel {
					if read.Nullable || read.Kind == plugins.Any {
						own.SetNull(i)
					} else {
						r.fail(i, absent)
					}
				}
				return &own
			case col.Kind == read.Kind:
				return col
			}
			own.Reset(read.Kind, r.rows)
			own.Data = own.Data[:0]
			convert(r, sel, col, &own)
			return &own
		}
	}}
}
