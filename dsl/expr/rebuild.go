package expr

import "github.com/hashicorp/hcl/v2/hclsyntax"

// rebuilt returns a copy of a node of the syntax tree in which f has been
// applied to each expression directly under it.
func rebuilt(e hclsyntax.Expression, f func(hclsyntax.Expression) hclsyntax.Expression) hclsyntax.Expression {
	all := func(es []hclsyntax.Expression) []hclsyntax.Expression {
		out := make([]hclsyntax.Expression, len(es))
		for i, e := range es {
			out[i] = f(e)
		}
		return out
	}
	optional := func(e hclsyntax.Expression) hclsyntax.Expression {
		if e == nil {
			return nil
		}
		return f(e)
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c := *e
		c.Expression = f(e.Expression)
		return &c
	case *hclsyntax.RelativeTraversalExpr:
		c := *e
		c.Source = f(e.Source)
		return &c
	case *hclsyntax.IndexExpr:
		c := *e
		c.Collection, c.Key = f(e.Collection), f(e.Key)
		return &c
	case *hclsyntax.FunctionCallExpr:
		c := *e
		c.Args = all(e.Args)
		return &c
	case *hclsyntax.ConditionalExpr:
		c := *e
		c.Condition, c.TrueResult, c.FalseResult = f(e.Condition), f(e.TrueResult), f(e.FalseResult)
		return &c
	case *hclsyntax.BinaryOpExpr:
		c := *e
		c.LHS, c.RHS = f(e.LHS), f(e.RHS)
		return &c
	case *hclsyntax.UnaryOpExpr:
		c := *e
		c.Val = f(e.Val)
		return &c
	case *hclsyntax.TemplateExpr:
		c := *e
		c.Parts = all(e.Parts)
		return &c
	case *hclsyntax.TemplateWrapExpr:
		c := *e
		c.Wrapped = f(e.Wrapped)
		return &c
	case *hclsyntax.TemplateJoinExpr:
		c := *e
		c.Tuple = f(e.Tuple)
		return &c
	case *hclsyntax.TupleConsExpr:
		c := *e
		c.Exprs = all(e.Exprs)
		return &c
	case *hclsyntax.ObjectConsExpr:
		c := *e
		c.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
		for i, it := range e.Items { // keys are names
			c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: it.KeyExpr, ValueExpr: f(it.ValueExpr)}
		}
		return &c
	case *hclsyntax.ForExpr:
		c := *e
		c.CollExpr, c.KeyExpr, c.ValExpr, c.CondExpr = f(e.CollExpr), optional(e.KeyExpr), f(e.ValExpr), optional(e.CondExpr)
		return &c
	case *hclsyntax.SplatExpr:
		c := *e // Item stays the same: Each refers to it
		c.Source, c.Each = f(e.Source), f(e.Each)
		return &c
	}
	return e
}
