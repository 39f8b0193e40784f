package expr

import (
	"bytes"
	"math"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// anyComparison compares by the kinds that the rows have.
func anyComparison(o operator, l, r *node, at hcl.Range) func(*workshop) kernel {
	return func(w *workshop) kernel {
		faults := faultsOf(o.String(), at)
		if uniform := r.uniform(w); uniform != nil {
			return anyWithUniform(w, o, l, uniform, faults)
		}
		a, b := cast(l, plugins.Type{}).make(w), cast(r, plugins.Type{}).make(w)
		var out plugins.Column
		return func(run *run, sel []uint32) *plugins.Column {
			x, y := a(run, sel), b(run, sel)
			out.Reset(plugins.Bool, run.rows)
			for _, i := range sel {
				out.Bools[i] = compareAny(run, o, x, y, i, faults)
			}
			return &out
		}
	}
}

// anyWithUniform is anyComparison with what is the same for all rows.
func anyWithUniform(w *workshop, o operator, l *node, uniform func() *plugins.Value, faults operatorFaults) kernel {
	a := cast(l, plugins.Type{}).make(w)
	var out plugins.Column
	var other uniformColumn
	return func(r *run, sel []uint32) *plugins.Column {
		x := a(r, sel)
		v := uniform()
		y := other.of(plugins.Any, v, r.rows)
		out.Reset(plugins.Bool, r.rows)
		switch v.Kind {
		case plugins.Int, plugins.Float:
			number := wordOf(*v)
			limit := number.float()
			exact := v.Kind == plugins.Float || compareIntFloat(v.Int, limit) == 0
			for _, i := range sel {
				if x.Kinds[i] == plugins.Float && exact {
					out.Bools[i] = floatHolds(o, math.Float64frombits(uint64(x.Ints[i])), limit)
				} else if n := wordAt(x, i); n.number() {
					out.Bools[i] = o.holds(compareNumbers(n, number))
				} else {
					out.Bools[i] = compareAny(r, o, x, y, i, faults)
				}
			}
		case plugins.String:
			for _, i := range sel {
				switch {
				case x.Kinds[i] != plugins.String:
					out.Bools[i] = compareAny(r, o, x, y, i, faults)
				case o == opEq:
					out.Bools[i] = string(x.Bytes(i)) == v.Text
				case o == opNe:
					out.Bools[i] = string(x.Bytes(i)) != v.Text
				default:
					out.Bools[i] = o.holds(compareStrings(x.Bytes(i), v.Text))
				}
			}
		default:
			for _, i := range sel {
				out.Bools[i] = compareAny(r, o, x, y, i, faults)
			}
		}
		return &out
	}
}

// floatHolds compares two floats. It is small enough to be inlined.
func floatHolds(o operator, l, r float64) bool {
	switch o {
	case opGt:
		return l > r
	case opLt:
		return l < r
	case opGe:
		return l >= r
	case opLe:
		return l <= r
	case opEq:
		return l == r
	}
	return l != r
}

// compareAny compares row i of two Any columns.
func compareAny(r *run, o operator, a, b *plugins.Column, i uint32, faults operatorFaults) bool {
	x, y := wordAt(a, i), wordAt(b, i)
	equality := o == opEq || o == opNe
	switch {
	case x.number() && y.number():
		return o.holds(compareNumbers(x, y))
	case x.kind == plugins.Null || y.kind == plugins.Null:
		if !equality {
			r.fail(i, faults[codeNull])
			return false
		}
		return (x.kind == y.kind) == (o == opEq)
	case !canCompare(o, x.kind, y.kind):
		r.failWith(i, faults[codeType], describeOperands(o, x.kind, y.kind))
		return false
	case x.kind.Nested():
		same, err := equalJSON(a.Bytes(i), b.Bytes(i))
		if err != nil {
			r.failWith(i, faults[codeType], "a nested value "+err.Error())
		}
		return same == (o == opEq)
	case usesSpans(x.kind):
		return o.holds(bytes.Compare(a.Bytes(i), b.Bytes(i)))
	}
	return o.holds(compare(x.bits, y.bits))
}

// canCompare reports whether values of two kinds, neither any nor null, can be
// compared.
func canCompare(o operator, l, r plugins.Kind) bool {
	number := func(k plugins.Kind) bool { return k == plugins.Int || k == plugins.Float }
	object := func(k plugins.Kind) bool { return k == plugins.Map || k == plugins.Record }
	equality := o == opEq || o == opNe
	switch {
	case number(l) && number(r):
		return true
	case object(l) && object(r), l == plugins.List && r == plugins.List, l == plugins.Bool && r == plugins.Bool:
		return equality
	}
	return l == r && !l.Nested() && l != plugins.Bool
}
