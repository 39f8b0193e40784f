package expr

import (
	"math"
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// operations are the operators on boxed values, written for clearness and apart
// from the kernels: with big numbers, where the kernels look at bits.
type operations struct {
	// order compares two values that have an order; ok is false for others.
	order func(o operator, l, r plugins.Value) (truth, ok bool)
}

// reference are the operations that the language has.
var reference = operations{order: orderHolds}

func (in interpreter) unary(e *hclsyntax.UnaryOpExpr) hclsyntax.Expression {
	val := in.expr(e.Val)
	if operatorOf(e.Op) == opNot {
		return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
			truth, known, diags := truthOf(val, ctx)
			if diags.HasErrors() || !known {
				return cty.UnknownVal(cty.Bool), diags
			}
			return cty.BoolVal(!truth), nil
		}}
	}
	zero := &hclsyntax.LiteralValueExpr{Val: cty.Zero, SrcRange: e.SrcRange}
	return in.operation(e, opNeg, zero, val)
}

func (in interpreter) binary(e *hclsyntax.BinaryOpExpr) hclsyntax.Expression {
	o := operatorOf(e.Op)
	l, r := in.expr(e.LHS), in.expr(e.RHS)
	if o != opAnd && o != opOr {
		return in.operation(e, o, l, r)
	}
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		truth, known, diags := truthOf(l, ctx)
		if diags.HasErrors() || !known {
			return cty.UnknownVal(cty.Bool), diags
		}
		if truth == (o == opOr) {
			return cty.BoolVal(truth), nil
		}
		truth, known, diags = truthOf(r, ctx)
		if diags.HasErrors() || !known {
			return cty.UnknownVal(cty.Bool), diags
		}
		return cty.BoolVal(truth), nil
	}}
}

// operation evaluates both sides and applies an operator to them.
func (in interpreter) operation(e hclsyntax.Expression, o operator, l, r hclsyntax.Expression) hclsyntax.Expression {
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		a, diags := l.Value(ctx)
		if diags.HasErrors() {
			return a, diags
		}
		b, diags := r.Value(ctx)
		if diags.HasErrors() {
			return b, diags
		}
		a, am := a.Unmark()
		b, bm := b.Unmark()
		if !a.IsKnown() || !b.IsKnown() {
			return cty.DynamicVal.WithMarks(am, bm), nil
		}
		v, diag := in.ops.apply(e, o, a, b)
		if diag != nil {
			return cty.DynamicVal, hcl.Diagnostics{diag}
		}
		return v.WithMarks(am, bm), nil
	}}
}

func (ops *operations) apply(e hclsyntax.Expression, o operator, a, b cty.Value) (cty.Value, *hcl.Diagnostic) {
	l, err := FromCty(a)
	if err != nil {
		return cty.DynamicVal, problem(e.Range(), "types do not go together", "%s", err)
	}
	r, err := FromCty(b)
	if err != nil {
		return cty.DynamicVal, problem(e.Range(), "types do not go together", "%s", err)
	}
	v, code := ops.compute(o, l, r)
	switch code {
	case "":
		result, err := ToCty(v)
		if err != nil {
			return cty.DynamicVal, problem(e.Range(), "no value", "%s", err)
		}
		return result, nil
	case codeType:
		return cty.DynamicVal, problem(e.Range(), "types do not go together", "there is no %s %s %s%s", l.Kind, o, r.Kind, arithmeticRemedy(o, l.Kind, r.Kind))
	}
	return cty.DynamicVal, problem(e.Range(), "no value", "%s", explain(code, operationText(e)))
}

// compute applies an operator. The code says why there is no value.
func (ops *operations) compute(o operator, l, r plugins.Value) (plugins.Value, string) {
	switch o {
	case opEq, opNe:
		same, ok := equal(l, r)
		if !ok {
			return plugins.Value{}, codeType
		}
		return boolValue(same == (o == opEq)), ""
	case opLt, opLe, opGt, opGe:
		if l.Kind == plugins.Null || r.Kind == plugins.Null {
			return plugins.Value{}, codeNull
		}
		truth, ok := ops.order(o, l, r)
		if !ok {
			return plugins.Value{}, codeType
		}
		return boolValue(truth), ""
	case opNeg:
		return negative(r)
	}
	if l.Kind == plugins.Null || r.Kind == plugins.Null {
		return plugins.Value{}, codeNull
	}
	return calculate(o, l, r)
}

func equal(l, r plugins.Value) (same, ok bool) {
	switch {
	case l.Kind == plugins.Null || r.Kind == plugins.Null:
		return l.Kind == r.Kind, true
	case isNumber(l.Kind) && isNumber(r.Kind):
		return exact(l).Cmp(exact(r)) == 0, true
	case isObject(l.Kind) && isObject(r.Kind), l.Kind == plugins.List && r.Kind == plugins.List:
		same, err := equalJSON([]byte(l.Text), []byte(r.Text))
		return same, err == nil
	}
	return l == r, l.Kind == r.Kind
}

func orderHolds(o operator, l, r plugins.Value) (truth, ok bool) {
	var cmp int
	switch {
	case isNumber(l.Kind) && isNumber(r.Kind):
		cmp = exact(l).Cmp(exact(r))
	case l.Kind != r.Kind:
		return false, false
	case l.Kind == plugins.String || l.Kind == plugins.Bytes:
		cmp = compareStrings([]byte(l.Text), r.Text)
	case l.Kind == plugins.Time || l.Kind == plugins.Duration:
		cmp = compare(l.Int, r.Int)
	default:
		return false, false
	}
	switch o {
	case opLt:
		return cmp < 0, true
	case opLe:
		return cmp <= 0, true
	case opGt:
		return cmp > 0, true
	}
	return cmp >= 0, true
}

// exact returns a number, time or duration without any loss.
func exact(v plugins.Value) *big.Float {
	if v.Kind == plugins.Float {
		return big.NewFloat(v.Float)
	}
	return new(big.Float).SetInt64(v.Int)
}

func negative(v plugins.Value) (plugins.Value, string) {
	switch v.Kind {
	case plugins.Null:
		return v, codeNull
	case plugins.Float:
		v.Float = -v.Float
		return v, ""
	case plugins.Int, plugins.Duration:
		return wholeResult(v.Kind, new(big.Int).Neg(big.NewInt(v.Int)))
	}
	return v, codeType
}

// calculate does arithmetic on values that are not null.
func calculate(o operator, l, r plugins.Value) (plugins.Value, string) {
	kind, asL, asR, ok := arithmetic(o, l.Kind, r.Kind)
	switch {
	case !ok:
		return plugins.Value{}, codeType
	case asL == plugins.Float || asR == plugins.Float:
		return calculateFloat(o, kind, l, r)
	}
	a, b := big.NewInt(l.Int), big.NewInt(r.Int)
	if (o == opDiv || o == opMod) && r.Int == 0 {
		return plugins.Value{}, codeDivide
	}
	x := new(big.Int)
	switch o {
	case opAdd:
		x.Add(a, b)
	case opSub:
		x.Sub(a, b)
	case opMul:
		x.Mul(a, b)
	case opDiv:
		x.Quo(a, b)
	default:
		x.Rem(a, b)
	}
	return wholeResult(kind, x)
}

func wholeResult(k plugins.Kind, x *big.Int) (plugins.Value, string) {
	if !x.IsInt64() {
		return plugins.Value{}, codeOverflow
	}
	return plugins.Value{Kind: k, Int: x.Int64()}, ""
}

func calculateFloat(o operator, k plugins.Kind, l, r plugins.Value) (plugins.Value, string) {
	a, _ := exact(l).Float64()
	b, _ := exact(r).Float64()
	if (o == opDiv || o == opMod) && b == 0 {
		return plugins.Value{}, codeDivide
	}
	var x float64
	switch o {
	case opAdd:
		x = a + b
	case opSub:
		x = a - b
	case opMul:
		x = a * b
	case opDiv:
		x = a / b
	default:
		x = math.Mod(a, b)
	}
	if k != plugins.Duration {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return plugins.Value{}, codeInfinite
		}
		return plugins.Value{Kind: plugins.Float, Float: x}, ""
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return plugins.Value{}, codeOverflow
	}
	whole, _ := new(big.Float).SetFloat64(math.RoundToEven(x)).Int(nil)
	return wholeResult(plugins.Duration, whole)
}
