package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// attempt runs a kernel and notes which rows failed instead of failing their
// records.
func (r *run) attempt(f *failures, k kernel, sel []uint32) *plugins.Column {
	outer := r.failures
	f.reset(r.rows)
	r.failures = f
	col := k(r, sel)
	r.failures = outer
	return col
}

// tryNode makes the node of the first of some nodes of type t that has a
// value. The failures of the last one stand.
func tryNode(nodes []*node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		kernels := make([]kernel, len(nodes))
		for i, n := range nodes {
			kernels[i] = n.make(w)
		}
		out := newMerger(t)
		var failed failures
		var done, pending []uint32
		return func(r *run, sel []uint32) *plugins.Column {
			out.begin(r, sel)
			pending = append(pending[:0], sel...)
			for _, next := range kernels[:len(kernels)-1] {
				col := r.attempt(&failed, next, pending)
				done = done[:0]
				still := pending[:0]
				for _, i := range pending {
					if failed.rows[i] {
						still = append(still, i)
					} else {
						done = append(done, i)
					}
				}
				pending = still
				out.add(done, col)
				if len(pending) == 0 {
					return &out.col
				}
			}
			out.add(pending, kernels[len(kernels)-1](r, pending))
			return &out.col
		}
	}}
}

// canNode makes the node that says whether n has a value.
func canNode(n *node, at hcl.Range) *node {
	return &node{t: plugins.Of(plugins.Bool), at: at, make: func(w *workshop) kernel {
		k := n.make(w)
		var failed failures
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			r.attempt(&failed, k, sel)
			out.Reset(plugins.Bool, r.rows)
			for _, i := range sel {
				out.Bools[i] = !failed.rows[i]
			}
			return &out
		}
	}}
}

// failing makes a node that has no value in any row.
func failing(t plugins.Type, code, msg string, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(*workshop) kernel {
		f := newFault(at, code, msg)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			out.Reset(t.Kind, r.rows)
			zero(&out, r.rows)
			for _, i := range sel {
				r.fail(i, f)
			}
			return &out
		}
	}}
}
