package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// logical makes the node of l && r or l || r, from left to right: r is computed
// for those rows only that l does not decide.
func logical(o operator, left, right *node, at hcl.Range) *node {
	return &node{t: plugins.Of(plugins.Bool), at: at, make: func(w *workshop) kernel {
		l, r := left.make(w), right.make(w)
		var out plugins.Column
		var rest, spare []uint32
		return func(run *run, sel []uint32) *plugins.Column {
			a := l(run, sel).Bools
			out.Reset(plugins.Bool, run.rows)
			rest = rest[:0]
			for _, i := range sel {
				out.Bools[i] = a[i]
				if a[i] == (o == opAnd) {
					rest = append(rest, i)
				}
			}
			if len(rest) == 0 {
				return &out
			}
			spare = run.keep(&rest, spare)
			b := r(run, rest).Bools
			for _, i := range rest {
				out.Bools[i] = b[i]
			}
			return &out
		}
	}}
}

// keep shortens sel to the rows that have not failed, and returns the memory to
// do it with next time.
func (r *run) keep(sel *[]uint32, spare []uint32) []uint32 {
	if r.failures.count == 0 {
		return spare
	}
	kept := r.alive(*sel, spare)
	old := *sel
	*sel = kept
	return old
}

// not makes the node of !n.
func not(n *node, at hcl.Range) *node {
	return &node{t: plugins.Of(plugins.Bool), at: at, make: func(w *workshop) kernel {
		from := n.make(w)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(plugins.Bool, r.rows)
			for _, i := range sel {
				out.Bools[i] = !col.Bools[i]
			}
			return &out
		}
	}}
}

// conditional makes the node of cond ? yes : no, whose branches are of type t.
// Each is computed for its own rows only.
func conditional(cond, yes, no *node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		c, a, b := cond.make(w), yes.make(w), no.make(w)
		out := newMerger(t)
		var first, second, spare []uint32
		return func(r *run, sel []uint32) *plugins.Column {
			choice := c(r, sel).Bools
			out.begin(r, sel)
			first, second = first[:0], second[:0]
			for _, i := range sel {
				if choice[i] {
					first = append(first, i)
				} else {
					second = append(second, i)
				}
			}
			spare = r.keep(&first, spare)
			spare = r.keep(&second, spare)
			if len(first) > 0 {
				out.add(first, a(r, first))
			}
			if len(second) > 0 {
				out.add(second, b(r, second))
			}
			return &out.col
		}
	}}
}

// merger puts one column together from the rows of several.
type merger struct {
	col plugins.Column
	t   plugins.Type
}

func newMerger(t plugins.Type) *merger { return &merger{t: t} }

// begin gives every row of sel the zero value.
func (m *merger) begin(r *run, sel []uint32) {
	m.col.Reset(m.t.Kind, r.rows)
	m.col.Data = m.col.Data[:0]
	for _, i := range sel {
		setZero(&m.col, i)
	}
}

func (m *merger) add(sel []uint32, from *plugins.Column) { gather(sel, from, &m.col) }

// coalesce makes the node of the first of some nodes, all of type t but for
// null, that is not null. The next one is computed where the ones before are
// null only.
func coalesce(nodes []*node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		kernels := make([]kernel, len(nodes))
		for i, n := range nodes {
			kernels[i] = n.make(w)
		}
		out := newMerger(t)
		var found, missing, spare []uint32
		return func(r *run, sel []uint32) *plugins.Column {
			out.begin(r, sel)
			missing = append(missing[:0], sel...)
			for k, next := range kernels {
				col := next(r, missing)
				if k == len(kernels)-1 {
					out.add(missing, col)
					break
				}
				found = found[:0]
				still := missing[:0]
				for _, i := range missing {
					if col.IsNull(i) {
						still = append(still, i)
					} else {
						found = append(found, i)
					}
				}
				missing = still
				out.add(found, col)
				spare = r.keep(&missing, spare)
				if len(missing) == 0 {
					break
				}
			}
			return &out.col
		}
	}}
}
