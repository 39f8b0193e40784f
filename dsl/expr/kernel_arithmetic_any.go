package expr

import (
	"math"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// anyArithmetic computes by the kinds that the rows have.
func anyArithmetic(o operator, left, right *node, text string, at hcl.Range) func(*workshop) kernel {
	return func(w *workshop) kernel {
		l, r := left.make(w), right.make(w)
		uniform := right.uniform(w)
		faults := faultsOf(text, at)
		var out plugins.Column
		var rest []uint32
		return func(run *run, sel []uint32) *plugins.Column {
			a := l(run, sel)
			b := r(run, sel)
			out.Reset(plugins.Any, run.rows)
			if uniform != nil && isNumber(uniform().Kind) {
				rest = floatsWith(o, a, wordOf(*uniform()).float(), &out, sel, rest[:0])
				sel = rest
			}
			for _, i := range sel {
				l, r := wordAt(a, i), wordAt(b, i)
				if l.kind == plugins.Float && r.number() {
					if y := quick(o, l.float(), r.float()); y-y == 0 {
						out.Kinds[i], out.Ints[i] = plugins.Float, int64(math.Float64bits(y))
						continue
					}
				}
				y, code := wordOp(o, l, r)
				out.Kinds[i], out.Ints[i] = y.kind, y.bits
				switch code {
				case "":
				case codeType:
					out.Kinds[i] = plugins.Null
					run.failWith(i, faults[code], describeOperands(o, l.kind, r.kind))
				default:
					out.Kinds[i] = plugins.Null
					run.fail(i, faults[code])
				}
			}
			return &out
		}
	}
}

// floatsWith computes the rows that hold floats with one number. It appends to
// rest the rows that need a closer look.
func floatsWith(o operator, a *plugins.Column, c float64, out *plugins.Column, sel, rest []uint32) []uint32 {
	kinds, bits := a.Kinds, a.Ints
	for _, i := range sel {
		if kinds[i] != plugins.Float {
			rest = append(rest, i)
			continue
		}
		y := quick(o, math.Float64frombits(uint64(bits[i])), c)
		out.Kinds[i], out.Ints[i] = plugins.Float, int64(math.Float64bits(y))
		if y-y != 0 {
			rest = append(rest, i)
		}
	}
	return rest
}

// quick computes on floats. What is not finite needs a second look; % is left
// to it. It is small enough to be inlined.
func quick(o operator, l, r float64) float64 {
	switch o {
	case opMul:
		return l * r
	case opAdd:
		return l + r
	case opSub:
		return l - r
	case opDiv:
		return l / r
	}
	return math.NaN()
}

func describeOperands(o operator, l, r plugins.Kind) string {
	return "there is no " + l.String() + " " + o.String() + " " + r.String()
}
