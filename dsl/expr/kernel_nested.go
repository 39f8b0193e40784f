package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// item is a member of an object that is made.
type item struct {
	name  string
	value *node
}

// object makes the node of a record of values.
func object(items []item, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		prefixes := make([][]byte, len(items))
		values := make([]*node, len(items))
		for k, it := range items {
			sep := byte(',')
			if k == 0 {
				sep = '{'
			}
			prefixes[k] = append(jsontext.AppendQuotedString([]byte{sep}, it.name), ':')
			values[k] = it.value
		}
		return joined(w, plugins.Record, prefixes, values, "{}", at)
	}}
}

// tuple makes the node of a list of values.
func tuple(elems []*node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		prefixes := make([][]byte, len(elems))
		for k := range elems {
			prefixes[k] = []byte{','}
		}
		prefixes[0] = []byte{'['}
		return joined(w, plugins.List, prefixes, elems, "[]", at)
	}}
}

// joined writes values as JSON, each behind its prefix. The last byte of
// brackets ends it.
func joined(w *workshop, k plugins.Kind, prefixes [][]byte, values []*node, brackets string, at hcl.Range) kernel {
	kernels := make([]kernel, len(values))
	for i, n := range values {
		kernels[i] = n.make(w)
	}
	cols := make([]*plugins.Column, len(values))
	out := newTextColumn(at)
	return func(r *run, sel []uint32) *plugins.Column {
		for i, value := range kernels {
			cols[i] = value(r, sel)
		}
		out.begin(r, k)
		for _, i := range sel {
			for j, col := range cols {
				out.col.Data = append(out.col.Data, prefixes[j]...)
				out.col.Data = jsontext.AppendRow(out.col.Data, col, i, values[j].t.Layout)
			}
			out.col.Data = append(out.col.Data, brackets[1])
			out.end(r, i)
		}
		return &out.col
	}
}

// member makes the node of what stands at a path of names in base. Where there
// is nothing, it is null.
func member(base *node, path []string, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		from := base.make(w)
		out := newReader(t, at)
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.begin(r)
			for _, i := range sel {
				if k := kindAt(col, i); k != plugins.Record && k != plugins.Map {
					out.null(r, i)
					continue
				}
				raw, err := jsontext.Lookup(col.Bytes(i), path...)
				out.set(r, i, raw, err)
			}
			return &out.col
		}
	}}
}

// index makes the node of an element of a list, by number, or of a member of a
// record or map, by name. An element that is not there is a failure, a member
// that is not there is null, and so is any part of null.
func index(base, key *node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		from, by := base.make(w), key.make(w)
		missing := newFault(at, codeIndex, explanations[codeIndex])
		mismatch := newFault(at, codeType, "")
		out := newReader(t, at)
		return func(r *run, sel []uint32) *plugins.Column {
			col, keys := from(r, sel), by(r, sel)
			out.begin(r)
			for _, i := range sel {
				k, by := kindAt(col, i), kindAt(keys, i)
				switch {
				case k == plugins.Null:
					out.null(r, i)
				case k == plugins.List && by == plugins.Int:
					n := keys.Ints[i]
					if n < 0 || n > maxValue {
						setZero(&out.col, i)
						r.fail(i, missing)
						continue
					}
					raw, err := jsontext.Index(col.Bytes(i), int(n))
					if raw == nil && err == nil {
						setZero(&out.col, i)
						r.fail(i, missing)
						continue
					}
					out.set(r, i, raw, err)
				case (k == plugins.Record || k == plugins.Map) && by == plugins.String:
					raw, err := jsontext.Lookup(col.Bytes(i), string(keys.Bytes(i)))
					out.set(r, i, raw, err)
				default:
					setZero(&out.col, i)
					r.failWith(i, mismatch, "there is no part of a "+k.String()+" by "+by.String())
				}
			}
			return &out.col
		}
	}}
}

// reader fills a column of a type with values read from JSON.
type reader struct {
	col      plugins.Column
	slot     jsontext.Slot
	isNull   *fault
	mismatch *fault
}

func newReader(t plugins.Type, at hcl.Range) *reader {
	out := &reader{isNull: newFault(at, codeNull, "the value is null"), mismatch: newFault(at, codeType, "")}
	out.slot = jsontext.Slot{Col: &out.col, Type: t}
	return out
}

func (o *reader) begin(r *run) {
	o.col.Reset(o.slot.Type.Kind, r.rows)
	o.col.Data = o.col.Data[:0]
}

// set reads raw, where nil is null, into row i.
func (o *reader) set(r *run, i uint32, raw []byte, err error) {
	if err == nil {
		if raw == nil {
			o.null(r, i)
			return
		}
		if err = o.slot.Set(i, raw); err == nil {
			return
		}
	}
	setZero(&o.col, i)
	r.failWith(i, o.mismatch, "the value "+err.Error())
}

func (o *reader) null(r *run, i uint32) {
	setZero(&o.col, i)
	if o.slot.Type.Nullable || o.slot.Type.Kind == plugins.Any {
		o.col.SetNull(i)
		return
	}
	r.fail(i, o.isNull)
}
