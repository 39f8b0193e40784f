package expr

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// overlay makes the node of a record that is base without what was removed or
// set, followed by what was set.
func overlay(base *node, set []item, removed []string, t plugins.Type, at hcl.Range) *node {
	gone := slices.Clone(removed)
	for _, it := range set {
		gone = append(gone, it.name)
	}
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		from := base.make(w)
		values := make([]kernel, len(set))
		for k, it := range set {
			values[k] = it.value.make(w)
		}
		cols := make([]*plugins.Column, len(set))
		malformed := newFault(at, codeType, "")
		out := newTextColumn(at)
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			for k, value := range values {
				cols[k] = value(r, sel)
			}
			out.begin(r, plugins.Record)
			for _, i := range sel {
				out.col.Data = append(out.col.Data, '{')
				it := jsontext.Members(col.Bytes(i))
				for it.Next() {
					if !slices.Contains(gone, string(it.Key())) {
						out.name(it.Key())
						out.col.Data = append(out.col.Data, it.Value()...)
					}
				}
				if err := it.Err(); err != nil {
					out.abandon(i)
					r.failWith(i, malformed, "the record "+err.Error())
					continue
				}
				for k, value := range cols {
					out.name([]byte(set[k].name))
					out.col.Data = jsontext.AppendRow(out.col.Data, value, i, set[k].value.t.Layout)
				}
				out.col.Data = append(out.col.Data, '}')
				out.end(r, i)
			}
			return &out.col
		}
	}}
}

// name begins a member of the object that is being written.
func (t *textColumn) name(name []byte) {
	if d := t.col.Data; d[len(d)-1] != '{' || len(d) != t.start+1 {
		t.col.Data = append(t.col.Data, ',')
	}
	t.col.Data = append(jsontext.AppendQuoted(t.col.Data, name), ':')
}
