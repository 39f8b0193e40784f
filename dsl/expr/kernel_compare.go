package expr

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// comparer compares two columns for the rows of sel.
type comparer func(r *run, sel []uint32, a, b *plugins.Column, out []bool)

// comparison makes the node of l o r for operands whose types go together. Null
// equals null and nothing else.
func comparison(o operator, l, r *node, at hcl.Range) *node {
	if l.uniformAcross() && !r.uniformAcross() {
		l, r, o = r, l, o.mirrored()
	}
	n := &node{t: plugins.Of(plugins.Bool), at: at}
	if l.t.Kind == plugins.Any || r.t.Kind == plugins.Any {
		n.make = anyComparison(o, l, r, at)
		return n
	}
	l, r = alike(l, r)
	if l.t.Nullable || r.t.Nullable {
		n.make = nullableComparison(o, l, r, at)
		return n
	}
	n.make = func(w *workshop) kernel {
		if fast := againstUniform(w, o, l, r); fast != nil {
			return fast
		}
		a, b := l.make(w), r.make(w)
		cmp := comparerOf(o, l.t.Kind, r.t.Kind, at)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			x, y := a(r, sel), b(r, sel)
			out.Reset(plugins.Bool, r.rows)
			cmp(r, sel, x, y, out.Bools)
			return &out
		}
	}
	return n
}

func (n *node) uniformAcross() bool { return n.value != nil || n.setting != nil }

// alike makes a float of an int constant that is compared with floats, and
// that a float holds exactly.
func alike(l, r *node) (*node, *node) {
	const exact = 1 << 53
	if l.t.Kind == plugins.Float && r.value != nil && r.value.Kind == plugins.Int && r.value.Int <= exact && r.value.Int >= -exact {
		return l, cast(r, plugins.Of(plugins.Float))
	}
	return l, r
}

// againstUniform returns a kernel that compares a column with what is the same
// for all rows; nil where there is none.
func againstUniform(w *workshop, o operator, l, r *node) kernel {
	uniform := r.uniform(w)
	if uniform == nil || l.t.Kind != r.t.Kind {
		return nil
	}
	var out plugins.Column
	switch l.t.Kind {
	case plugins.Int, plugins.Time, plugins.Duration:
		from := l.make(w)
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(plugins.Bool, r.rows)
			compareWith(o, col.Ints, uniform().Int, out.Bools, sel)
			return &out
		}
	case plugins.Float:
		from := l.make(w)
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(plugins.Bool, r.rows)
			compareWith(o, col.Floats, uniform().Float, out.Bools, sel)
			return &out
		}
	case plugins.String:
		from := l.make(w)
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(plugins.Bool, r.rows)
			compareStringWith(o, col, uniform().Text, out.Bools, sel)
			return &out
		}
	}
	return nil
}

func compareWith[T int64 | float64](o operator, v []T, c T, out []bool, sel []uint32) {
	switch o {
	case opEq:
		for _, i := range sel {
			out[i] = v[i] == c
		}
	case opNe:
		for _, i := range sel {
			out[i] = v[i] != c
		}
	case opLt:
		for _, i := range sel {
			out[i] = v[i] < c
		}
	case opLe:
		for _, i := range sel {
			out[i] = v[i] <= c
		}
	case opGt:
		for _, i := range sel {
			out[i] = v[i] > c
		}
	default:
		for _, i := range sel {
			out[i] = v[i] >= c
		}
	}
}

func compareStringWith(o operator, col *plugins.Column, c string, out []bool, sel []uint32) {
	switch o {
	case opEq:
		for _, i := range sel {
			out[i] = string(col.Bytes(i)) == c
		}
	case opNe:
		for _, i := range sel {
			out[i] = string(col.Bytes(i)) != c
		}
	default:
		for _, i := range sel {
			out[i] = o.holds(compareStrings(col.Bytes(i), c))
		}
	}
}

func compareStrings(b []byte, s string) int {
	switch {
	case string(b) < s:
		return -1
	case string(b) > s:
		return 1
	}
	return 0
}

// comparerOf returns how values of two typed kinds that go together compare.
func comparerOf(o operator, l, r plugins.Kind, at hcl.Range) comparer {
	switch {
	case l == plugins.Bool:
		return func(_ *run, sel []uint32, a, b *plugins.Column, out []bool) {
			for _, i := range sel {
				out[i] = (a.Bools[i] == b.Bools[i]) == (o == opEq)
			}
		}
	case l == plugins.Float && r == plugins.Float:
		return func(_ *run, sel []uint32, a, b *plugins.Column, out []bool) {
			compareColumns(o, a.Floats, b.Floats, out, sel)
		}
	case l == plugins.Float:
		return func(_ *run, sel []uint32, a, b *plugins.Column, out []bool) {
			for _, i := range sel {
				out[i] = o.holds(-compareIntFloat(b.Ints[i], a.Floats[i]))
			}
		}
	case r == plugins.Float:
		return func(_ *run, sel []uint32, a, b *plugins.Column, out []bool) {
			for _, i := range sel {
				out[i] = o.holds(compareIntFloat(a.Ints[i], b.Floats[i]))
			}
		}
	case l == plugins.String || l == plugins.Bytes:
		return func(_ *run, sel []uint32, a, b *plugins.Column, out []bool) {
			for _, i := range sel {
				out[i] = o.holds(bytes.Compare(a.Bytes(i), b.Bytes(i)))
			}
		}
	case l.Nested():
		malformed := newFault(at, codeType, "")
		return func(r *run, sel []uint32, a, b *plugins.Column, out []bool) {
			for _, i := range sel {
				same, err := equalJSON(a.Bytes(i), b.Bytes(i))
				if err != nil {
					r.failWith(i, malformed, "a nested value "+err.Error())
				}
				out[i] = same == (o == opEq)
			}
		}
	}
	return func(_ *run, sel []uint32, a, b *plugins.Column, out []bool) {
		compareColumns(o, a.Ints, b.Ints, out, sel)
	}
}

func compareColumns[T int64 | float64](o operator, a, b []T, out []bool, sel []uint32) {
	switch o {
	case opGt, opGe:
		a, b, o = b, a, o.mirrored()
	}
	switch o {
	case opEq:
		for _, i := range sel {
			out[i] = a[i] == b[i]
		}
	case opNe:
		for _, i := range sel {
			out[i] = a[i] != b[i]
		}
	case opLt:
		for _, i := range sel {
			out[i] = a[i] < b[i]
		}
	default:
		for _, i := range sel {
			out[i] = a[i] <= b[i]
		}
	}
}

// nullableComparison compares, for equality, what may be null.
func nullableComparison(o operator, l, r *node, at hcl.Range) func(*workshop) kernel {
	return func(w *workshop) kernel {
		a, b := l.make(w), r.make(w)
		cmp := comparerOf(o, l.t.Kind, r.t.Kind, at)
		var out plugins.Column
		var both []uint32
		return func(run *run, sel []uint32) *plugins.Column {
			x, y := a(run, sel), b(run, sel)
			out.Reset(plugins.Bool, run.rows)
			both = both[:0]
			for _, i := range sel {
				switch xn, yn := x.IsNull(i), y.IsNull(i); {
				case xn || yn:
					out.Bools[i] = (xn == yn) == (o == opEq)
				default:
					both = append(both, i)
				}
			}
			cmp(run, both, x, y, out.Bools)
			return &out
		}
	}
}

// nullCheck makes the node of n == null or n != null.
func nullCheck(o operator, n *node, at hcl.Range) *node {
	return &node{t: plugins.Of(plugins.Bool), at: at, make: func(w *workshop) kernel {
		from := n.make(w)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(plugins.Bool, r.rows)
			for _, i := range sel {
				out.Bools[i] = col.IsNull(i) == (o == opEq)
			}
			return &out
		}
	}}
}
