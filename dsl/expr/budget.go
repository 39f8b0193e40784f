package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxSteps is how much work one evaluation of an interpreted expression may be:
// rounds of for, elements of results and, with stepText bytes for one, texts. A
// pipeline's file may be anybody's: it must not keep its reader busy for ever.
const (
	maxSteps = 1_000_000
	stepText = 64
)

// budget is the steps that are left.
type budget int

// Budget is how much work the evaluations of one pipeline may be together,
// counted in the same steps.
type Budget struct{ left budget }

// maxTotalSteps is the work of a few seconds at most.
const maxTotalSteps = 5 * maxSteps

// NewBudget returns what a pipeline may use.
func NewBudget() *Budget { return &Budget{maxTotalSteps} }

// Exhausted reports whether an evaluation was given up because others had used
// the budget.
func (b *Budget) Exhausted() bool { return b.left < 0 }

// take returns the steps that one evaluation may use. Without a budget they are
// limited for each evaluation only.
func (b *Budget) take() budget {
	if b == nil {
		return maxSteps
	}
	return min(b.left, maxSteps)
}

// settle takes what an evaluation used.
func (b *Budget) settle(taken, left budget) {
	if b != nil {
		b.left -= taken - left
	}
}

// limited returns e with its results counted.
func (in interpreter) limited(e hclsyntax.Expression) hclsyntax.Expression {
	if e == nil {
		return nil
	}
	b := in.budget
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		if *b < 0 { // hclsyntax goes on after errors; this ends it soon
			return cty.DynamicVal, hcl.Diagnostics{tooMuch(e.Range())}
		}
		v, diags := e.Value(ctx)
		if *b -= budget(1 + size(v)); *b < 0 {
			return cty.DynamicVal, hcl.Diagnostics{tooMuch(e.Range())}
		}
		return v, diags
	}}
}

// TooMuch is the summary of the error for an exhausted budget.
const TooMuch = "too much to compute"

func tooMuch(at hcl.Range) *hcl.Diagnostic {
	return problem(at, TooMuch, "the expression takes more than a million steps, or with those before it more than %d million; make its lists smaller", maxTotalSteps/maxSteps)
}

// size is what a value costs, apart from its parts.
func size(v cty.Value) int {
	v, _ = v.Unmark()
	t := v.Type()
	switch {
	case !v.IsKnown() || v.IsNull():
		return 0
	case t == cty.String:
		return len(v.AsString()) / stepText
	case t.IsTupleType() || t.IsListType() || t.IsObjectType() || t.IsMapType() || t.IsSetType():
		return v.LengthInt()
	}
	return 0
}

// spend counts a value and all its parts, which may be shared. It returns false
// when the budget does not suffice.
func (b *budget) spend(v cty.Value) bool {
	v, _ = v.Unmark()
	if *b -= budget(1 + size(v)); *b < 0 {
		return false
	}
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return true
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, elem := it.Element(); !b.spend(elem) {
			return false
		}
	}
	return true
}
