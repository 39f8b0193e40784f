package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// Evaluate is Static with floats kept apart from ints. A broken one takes <=
// for <.
func Evaluate(e hclsyntax.Expression, ctx *hcl.EvalContext, broken bool) (cty.Value, hcl.Diagnostics) {
	ops := reference
	if broken {
		ops.order = func(o operator, l, r plugins.Value) (truth, ok bool) {
			if o == opLe {
				o = opLt
			}
			return orderHolds(o, l, r)
		}
	}
	steps := budget(maxSteps)
	in := interpreter{ops: &ops, budget: &steps}
	return in.withRecords(e).expr(e).Value(withFunctions(ctx, ctyFunctions(functionTable().list, &plugins.Env{})))
}

// EqualJSON compares JSON texts.
func EqualJSON(a, b string) (bool, error) { return equalJSON([]byte(a), []byte(b)) }
