package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Static evaluates an expression once, with the operators and functions that
// event expressions have, but one value after the other: hclsyntax's own
// evaluator with its operators replaced by ours. It computes what is known when
// a pipeline is built, and it is what the kernels are tested against.
//
// A time, duration or bytes in the result is a capsule; see [FromCty]. The
// diagnostics keep no values. The work counts towards the budget, which may be
// nil.
func Static(e hcl.Expression, ctx *hcl.EvalContext, total *Budget) (cty.Value, hcl.Diagnostics) {
	v, diags := evaluate(e, ctx, total)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return plainNumbers(v), diags
}

// evaluate is Static with floats still in capsules.
func evaluate(e hcl.Expression, ctx *hcl.EvalContext, total *Budget) (cty.Value, hcl.Diagnostics) {
	steps := new(budget)
	if native, ok := e.(hclsyntax.Expression); ok {
		e, steps = interpret(native)
	}
	taken := total.take()
	*steps = taken
	defer func() { total.settle(taken, *steps) }()
	v, diags := e.Value(withFunctions(ctx, functionTable().static))
	if *steps < 0 || !diags.HasErrors() && !steps.spend(v) {
		return cty.DynamicVal, hcl.Diagnostics{tooMuch(e.Range())}
	}
	return v, stripped(diags)
}

// withFunctions returns a context in which functions are found before those of
// ctx.
func withFunctions(ctx *hcl.EvalContext, functions map[string]function.Function) *hcl.EvalContext {
	child := ctx.NewChild()
	child.Functions = functions
	return child
}

// stripped takes from diagnostics what could tell values, and what hclsyntax
// says around the errors of functions.
func stripped(diags hcl.Diagnostics) hcl.Diagnostics {
	clean := make(hcl.Diagnostics, len(diags))
	for i, d := range diags {
		clean[i] = inOurVoice(d)
	}
	if len(clean) == 0 {
		return nil
	}
	return clean
}

// plainNumbers makes cty numbers of the floats in v.
func plainNumbers(v cty.Value) cty.Value {
	plain, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.Type().Equals(floatCapsule) && v.IsKnown() && !v.IsNull() {
			return cty.NumberFloatVal(*v.EncapsulatedValue().(*float64)), nil
		}
		return v, nil
	})
	if err != nil {
		return v
	}
	return plain
}
