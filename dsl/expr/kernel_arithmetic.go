package expr

import (
	"math"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// arithmeticNode makes the node of l o r, whose operands are not null; text is
// how messages call it.
func arithmeticNode(o operator, l, r *node, text string, at hcl.Range) (*node, bool) {
	if l.t.Kind == plugins.Any || r.t.Kind == plugins.Any {
		return &node{t: plugins.Type{}, at: at, make: anyArithmetic(o, cast(l, plugins.Type{}), cast(r, plugins.Type{}), text, at)}, true
	}
	result, asL, asR, ok := arithmetic(o, l.t.Kind, r.t.Kind)
	if !ok {
		return nil, false
	}
	n := &node{t: plugins.Of(result), at: at}
	switch {
	case asL == plugins.Float && asR == plugins.Float:
		if result == plugins.Float {
			n.make = floatArithmetic(o, widen(l), widen(r), text, at)
			return n, true
		}
		fallthrough
	case asL == plugins.Float || asR == plugins.Float:
		n.make = scaling(o, widen(l), widen(r), text, at)
	default:
		n.make = intArithmetic(o, result, l, r, text, at)
	}
	return n, true
}

// widen makes a node with the floats of an int or, in nanoseconds, a duration.
func widen(n *node) *node {
	if n.t.Kind == plugins.Float {
		return n
	}
	if n.value != nil {
		return constant(plugins.Value{Kind: plugins.Float, Float: float64(n.value.Int)}, plugins.Of(plugins.Float), n.at)
	}
	return &node{t: plugins.Of(plugins.Float), at: n.at, make: func(w *workshop) kernel {
		from := n.make(w)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			ints := from(r, sel).Ints
			out.Reset(plugins.Float, r.rows)
			for _, i := range sel {
				out.Floats[i] = float64(ints[i])
			}
			return &out
		}
	}}
}

// operatorFaults are the faults of an operation, by code.
type operatorFaults map[string]*fault

func faultsOf(operation string, at hcl.Range) operatorFaults {
	f := operatorFaults{}
	for _, code := range []string{codeOverflow, codeDivide, codeInfinite, codeNull, codeType} {
		f[code] = newFault(at, code, explain(code, operation))
	}
	return f
}

func floatArithmetic(o operator, left, right *node, text string, at hcl.Range) func(*workshop) kernel {
	return func(w *workshop) kernel {
		l, r := left.make(w), right.make(w)
		faults := faultsOf(text, at)
		var out plugins.Column
		return func(run *run, sel []uint32) *plugins.Column {
			a := l(run, sel).Floats
			b := r(run, sel).Floats
			out.Reset(plugins.Float, run.rows)
			x := out.Floats
			bad := 0.0 // becomes NaN with the first result that is not finite
			switch o {
			case opAdd:
				for _, i := range sel {
					y := a[i] + b[i]
					x[i] = y
					bad += y - y
				}
			case opSub:
				for _, i := range sel {
					y := a[i] - b[i]
					x[i] = y
					bad += y - y
				}
			case opMul:
				for _, i := range sel {
					y := a[i] * b[i]
					x[i] = y
					bad += y - y
				}
			case opDiv:
				for _, i := range sel {
					y := a[i] / b[i]
					x[i] = y
					bad += y - y
				}
			default:
				for _, i := range sel {
					y := math.Mod(a[i], b[i])
					x[i] = y
					bad += y - y
				}
			}
			if bad != 0 {
				for _, i := range sel {
					if x[i]-x[i] != 0 {
						_, code := floatOp(o, a[i], b[i])
						x[i] = 0
						run.fail(i, faults[code])
					}
				}
			}
			return &out
		}
	}
}

func intArithmetic(o operator, k plugins.Kind, left, right *node, text string, at hcl.Range) func(*workshop) kernel {
	return func(w *workshop) kernel {
		l, r := left.make(w), right.make(w)
		faults := faultsOf(text, at)
		var out plugins.Column
		return func(run *run, sel []uint32) *plugins.Column {
			a := l(run, sel).Ints
			b := r(run, sel).Ints
			out.Reset(k, run.rows)
			x := out.Ints
			for _, i := range sel {
				y, code := intOp(o, a[i], b[i])
				x[i] = y
				if code != "" {
					run.fail(i, faults[code])
				}
			}
			return &out
		}
	}
}

func scaling(o operator, left, right *node, text string, at hcl.Range) func(*workshop) kernel {
	return func(w *workshop) kernel {
		l, r := left.make(w), right.make(w)
		faults := faultsOf(text, at)
		var out plugins.Column
		return func(run *run, sel []uint32) *plugins.Column {
			a := l(run, sel).Floats
			b := r(run, sel).Floats
			out.Reset(plugins.Duration, run.rows)
			for _, i := range sel {
				y, code := scaleOp(o, a[i], b[i])
				out.Ints[i] = y
				if code != "" {
					run.fail(i, faults[code])
				}
			}
			return &out
		}
	}
}

// negation makes the node of -n, which is not null.
func negation(n *node, at hcl.Range) (*node, bool) {
	switch n.t.Kind {
	case plugins.Int, plugins.Float, plugins.Duration, plugins.Any:
	default:
		return nil, false
	}
	return &node{t: n.t.NotNull(), at: at, make: func(w *workshop) kernel {
		from := n.make(w)
		faults := faultsOf(opNeg.String(), at)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(n.t.Kind, r.rows)
			for _, i := range sel {
				switch k := kindAt(col, i); {
				case col.Kind == plugins.Float:
					out.Floats[i] = -col.Floats[i]
				case k == plugins.Float:
					out.Kinds[i] = k
					out.Ints[i] = int64(math.Float64bits(-math.Float64frombits(uint64(col.Ints[i]))))
				case k == plugins.Int || k == plugins.Duration:
					y, code := intOp(opSub, 0, col.Ints[i])
					out.Ints[i] = y
					if col.Kind == plugins.Any {
						out.Kinds[i] = k
					}
					if code != "" {
						r.fail(i, faults[code])
					}
				case k == plugins.Null:
					setZero(&out, i)
					r.fail(i, faults[codeNull])
				default:
					setZero(&out, i)
					r.failWith(i, faults[codeType], "there is no -"+k.String())
				}
			}
			return &out
		}
	}}, true
}
