package expr

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// interpreted is a node of the syntax tree that is evaluated our way.
type interpreted struct {
	hclsyntax.Expression
	value func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics)
}

// Value evaluates the node.
func (e *interpreted) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) { return e.value(ctx) }

// interpret returns a copy of a syntax tree in which operators, conditions,
// templates and references into records are ours. Function calls, for
// expressions, splats and constructors stay hclsyntax's. The budget is set anew
// for each evaluation.
func interpret(e hclsyntax.Expression) (hclsyntax.Expression, *budget) {
	in := interpreter{ops: &reference, budget: new(budget)}
	return in.withRecords(e).expr(e), in.budget
}

// interpreter rewrites one tree.
type interpreter struct {
	ops    *operations
	budget *budget
	// records says that the expression is about records: parts that are
	// missing are null. Otherwise they are errors, as in any HCL.
	records bool
}

func (in interpreter) withRecords(e hclsyntax.Expression) interpreter {
	for _, t := range e.Variables() {
		in.records = in.records || !staticRoots[t.RootName()]
	}
	return in
}

func (in interpreter) expr(e hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case nil:
		return nil
	case *hclsyntax.ParenthesesExpr, *hclsyntax.TupleConsExpr, *hclsyntax.SplatExpr, *hclsyntax.TemplateWrapExpr:
		return rebuilt(e, in.expr)
	case *hclsyntax.ScopeTraversalExpr:
		return in.reference(e)
	case *hclsyntax.RelativeTraversalExpr:
		c := *e
		c.Source = in.expr(e.Source)
		if !in.records {
			return &c
		}
		return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
			return partsOf(c.Source, c.Traversal, ctx)
		}}
	case *hclsyntax.IndexExpr:
		return in.index(e)
	case *hclsyntax.FunctionCallExpr:
		c := *e
		in.records = in.records || e.Name == "has"
		c.Args = in.exprs(e.Args)
		for i, a := range c.Args { // a function goes through what it is given
			c.Args[i] = in.limited(a)
		}
		return in.limited(&c)
	case *hclsyntax.ConditionalExpr:
		return in.conditional(e)
	case *hclsyntax.BinaryOpExpr:
		return in.binary(e)
	case *hclsyntax.UnaryOpExpr:
		return in.unary(e)
	case *hclsyntax.ObjectConsExpr:
		c := *e
		c.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
		for i, it := range e.Items {
			c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: in.key(it.KeyExpr), ValueExpr: in.expr(it.ValueExpr)}
		}
		return &c
	case *hclsyntax.ForExpr:
		c := *e
		c.CollExpr, c.KeyExpr = in.expr(e.CollExpr), in.expr(e.KeyExpr)
		c.ValExpr, c.CondExpr = in.limited(in.expr(e.ValExpr)), in.limited(in.expr(e.CondExpr))
		return &c
	case *hclsyntax.TemplateExpr:
		return in.template(e, e.Parts)
	case *hclsyntax.TemplateJoinExpr:
		return in.join(e)
	}
	return e
}

func (in interpreter) exprs(es []hclsyntax.Expression) []hclsyntax.Expression {
	out := make([]hclsyntax.Expression, len(es))
	for i, e := range es {
		out[i] = in.expr(e)
	}
	return out
}

// key rewrites the key of an object, unless it is a plain name.
func (in interpreter) key(e hclsyntax.Expression) hclsyntax.Expression {
	k, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if !ok {
		return in.expr(e)
	}
	if _, plain := k.Wrapped.(*hclsyntax.ScopeTraversalExpr); plain && !k.ForceNonLiteral {
		return e
	}
	c := *k
	c.Wrapped = in.expr(k.Wrapped)
	return &c
}

func (in interpreter) conditional(e *hclsyntax.ConditionalExpr) hclsyntax.Expression {
	cond, yes, no := in.expr(e.Condition), in.expr(e.TrueResult), in.expr(e.FalseResult)
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		choice, known, diags := truthOf(cond, ctx)
		switch {
		case diags.HasErrors() || !known:
			return cty.DynamicVal, diags
		case choice:
			return yes.Value(ctx)
		}
		return no.Value(ctx)
	}}
}

// truthOf evaluates what must be a bool.
func truthOf(e hclsyntax.Expression, ctx *hcl.EvalContext) (truth, known bool, diags hcl.Diagnostics) {
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return false, false, diags
	}
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown():
		return false, false, nil
	case v.IsNull():
		return false, false, hcl.Diagnostics{problem(e.Range(), "value is null", "true or false is wanted here")}
	case v.Type() != cty.Bool:
		return false, false, hcl.Diagnostics{problem(e.Range(), "not a bool", "true or false is wanted here, not %s", TypeOf(v).Kind)}
	}
	return v.True(), true, nil
}

func (in interpreter) template(e hclsyntax.Expression, parts []hclsyntax.Expression) hclsyntax.Expression {
	parts = in.exprs(parts)
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		var text strings.Builder
		known := true
		var marks []cty.ValueMarks
		for _, p := range parts {
			v, diags := p.Value(ctx)
			if diags.HasErrors() {
				return cty.DynamicVal, diags
			}
			v, m := v.Unmark()
			marks = append(marks, m)
			if !v.IsKnown() {
				known = false
				continue
			}
			s, diag := textOfCty(v, p.Range())
			if diag != nil {
				return cty.DynamicVal, hcl.Diagnostics{diag}
			}
			text.WriteString(s)
			if text.Len() > maxValue {
				return cty.DynamicVal, hcl.Diagnostics{problem(e.Range(), "too large", tooLargeMessage)}
			}
		}
		if !known {
			return cty.UnknownVal(cty.String).WithMarks(marks...), nil
		}
		return cty.StringVal(text.String()).WithMarks(marks...), nil
	}}
}

func textOfCty(v cty.Value, at hcl.Range) (string, *hcl.Diagnostic) {
	x, err := FromCty(v)
	if err != nil {
		return "", problem(at, "no text form", "%s", err)
	}
	if x.Kind == plugins.Null {
		return "", problem(at, "value is null", "null cannot be part of a text")
	}
	s, ok := textOf(x)
	if !ok {
		return "", problem(at, "no text form", "%s", noText(x.Kind))
	}
	return s, nil
}

// join rewrites the text that %{for} makes.
func (in interpreter) join(e *hclsyntax.TemplateJoinExpr) hclsyntax.Expression {
	parts := in.expr(e.Tuple)
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		v, diags := parts.Value(ctx)
		if diags.HasErrors() || !v.IsWhollyKnown() {
			return cty.UnknownVal(cty.String), diags
		}
		v, marks := v.Unmark()
		var text strings.Builder
		for _, elem := range v.AsValueSlice() {
			s, diag := textOfCty(elem, e.Range())
			if diag != nil {
				return cty.DynamicVal, hcl.Diagnostics{diag}
			}
			text.WriteString(s)
			if text.Len() > maxValue {
				return cty.DynamicVal, hcl.Diagnostics{problem(e.Range(), "too large", tooLargeMessage)}
			}
		}
		return cty.StringVal(text.String()).WithMarks(marks), nil
	}}
}
