package expr

import (
	"math"
	"math/bits"

	"github.com/onstream/onstream/plugins"
)

// intOp computes l o r on 64-bit integers. The second result is a code where
// there is none. / drops the fraction: it is for durations.
func intOp(o operator, l, r int64) (int64, string) {
	switch o {
	case opAdd:
		s := l + r
		if (s^l)&(s^r) < 0 {
			return 0, codeOverflow
		}
		return s, ""
	case opSub:
		d := l - r
		if (l^r)&(d^l) < 0 {
			return 0, codeOverflow
		}
		return d, ""
	case opMul:
		return multiply(l, r)
	}
	switch {
	case r == 0:
		return 0, codeDivide
	case o == opMod && r == -1:
		return 0, ""
	case o == opMod:
		return l % r, ""
	case r == -1 && l == math.MinInt64:
		return 0, codeOverflow
	}
	return l / r, ""
}

func multiply(l, r int64) (int64, string) {
	hi, lo := bits.Mul64(uint64(l), uint64(r))
	if l < 0 {
		hi -= uint64(r)
	}
	if r < 0 {
		hi -= uint64(l)
	}
	if p := int64(lo); int64(hi) == p>>63 {
		return p, ""
	}
	return 0, codeOverflow
}

// floatOp computes l o r on finite numbers. % has the sign of l.
func floatOp(o operator, l, r float64) (float64, string) {
	var x float64
	switch o {
	case opAdd:
		x = l + r
	case opSub:
		x = l - r
	case opMul:
		x = l * r
	default:
		if r == 0 {
			return 0, codeDivide
		}
		if o == opDiv {
			x = l / r
		} else {
			x = math.Mod(l, r)
		}
	}
	if x-x != 0 {
		return 0, codeInfinite
	}
	return x, ""
}

// scaleOp multiplies or divides a duration by a number, to the nearest
// nanosecond.
func scaleOp(o operator, l, r float64) (int64, string) {
	x, code := floatOp(o, l, r)
	if code == codeInfinite {
		code = codeOverflow
	}
	if code != "" {
		return 0, code
	}
	x = math.RoundToEven(x)
	if x < math.MinInt64 || x >= -math.MinInt64 {
		return 0, codeOverflow
	}
	return int64(x), ""
}

// word is a scalar value as an Any column holds it.
type word struct {
	kind plugins.Kind
	bits int64
}

func wordAt(c *plugins.Column, i uint32) word { return word{c.Kinds[i], c.Ints[i]} }

func (w word) float() float64 {
	if w.kind == plugins.Float {
		return math.Float64frombits(uint64(w.bits))
	}
	return float64(w.bits)
}

func (w word) number() bool { return w.kind == plugins.Int || w.kind == plugins.Float }

// wordOp computes l o r on values of any kinds.
func wordOp(o operator, l, r word) (word, string) {
	if l.number() && r.number() {
		if l.kind == plugins.Int && r.kind == plugins.Int && o != opDiv {
			x, code := intOp(o, l.bits, r.bits)
			return word{plugins.Int, x}, code
		}
		x, code := floatOp(o, l.float(), r.float())
		return word{plugins.Float, int64(math.Float64bits(x))}, code
	}
	kind, asL, asR, ok := arithmetic(o, l.kind, r.kind)
	switch {
	case l.kind == plugins.Null || r.kind == plugins.Null:
		return word{}, codeNull
	case !ok:
		return word{}, codeType
	case kind == plugins.Float:
		x, code := floatOp(o, l.float(), r.float())
		return word{plugins.Float, int64(math.Float64bits(x))}, code
	case asL == plugins.Float || asR == plugins.Float:
		x, code := scaleOp(o, l.float(), r.float())
		return word{kind, x}, code
	}
	x, code := intOp(o, l.bits, r.bits)
	return word{kind, x}, code
}

// compareIntFloat compares exactly: the int is not rounded.
func compareIntFloat(i int64, f float64) int {
	switch {
	case f >= -math.MinInt64:
		return -1
	case f < math.MinInt64:
		return 1
	}
	whole := int64(f)
	switch {
	case i < whole:
		return -1
	case i > whole:
		return 1
	}
	return compare(0, f-float64(whole))
}

func compare[T int64 | float64](l, r T) int {
	switch {
	case l < r:
		return -1
	case l > r:
		return 1
	}
	return 0
}

// compareNumbers compares two values that are int or float.
func compareNumbers(l, r word) int {
	switch {
	case l.kind == plugins.Int && r.kind == plugins.Int:
		return compare(l.bits, r.bits)
	case l.kind == plugins.Int:
		return compareIntFloat(l.bits, r.float())
	case r.kind == plugins.Int:
		return -compareIntFloat(r.bits, l.float())
	}
	return compare(l.float(), r.float())
}

// explanations of the codes that operators fail with.
var explanations = map[string]string{
	codeOverflow: "the result does not fit in 64 bits",
	codeDivide:   "division by zero",
	codeInfinite: "the result is not a finite number",
	codeNull:     "an operand is null",
	codeType:     "the operands are of types that do not go together",
	codeIndex:    "there is no such element",
}

// explain makes a message of a code and the operation that failed.
func explain(code, operation string) string {
	if code == codeDivide {
		return explanations[code] + " in " + operation
	}
	return explanations[code] + ": " + operation
}

func wordOf(v plugins.Value) word {
	if v.Kind == plugins.Float {
		return word{v.Kind, int64(math.Float64bits(v.Float))}
	}
	return word{v.Kind, v.Int}
}
