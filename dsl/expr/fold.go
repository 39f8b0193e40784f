package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// isStatic reports whether an expression has the same value for all records.
func (c *compiler) isStatic(e hclsyntax.Expression) bool {
	static, known := c.statics[e]
	if !known {
		static = c.findStatic(e)
		c.statics[e] = static
	}
	return static
}

func (c *compiler) findStatic(e hclsyntax.Expression) bool {
	for _, t := range e.Variables() {
		if !c.staticRoot(t.RootName()) {
			return false
		}
	}
	static := true
	diags := hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			f, ok := functionTable().byName[n.Name]
			if ok && !f.Pure || !ok && !c.staticFunction(n.Name) {
				static = false
			}
		case *hclsyntax.ExprSyntaxError:
			static = false
		}
		return nil
	})
	return static && !diags.HasErrors()
}

func (c *compiler) staticRoot(name string) bool {
	for ctx := c.scope.Static; ctx != nil; ctx = ctx.Parent() {
		if _, ok := ctx.Variables[name]; ok {
			return true
		}
	}
	return false
}

func (c *compiler) staticFunction(name string) bool {
	for ctx := c.scope.Static; ctx != nil; ctx = ctx.Parent() {
		if _, ok := ctx.Functions[name]; ok {
			return true
		}
	}
	return false
}

// evaluate computes a static expression.
func (c *compiler) evaluate(e hclsyntax.Expression) (cty.Value, hcl.Diagnostics) {
	return evaluate(e, c.scope.Static, c.scope.Budget)
}

// fold makes a constant of a static expression.
func (c *compiler) fold(e hclsyntax.Expression) *node {
	v, diags := c.evaluate(e)
	if diags.HasErrors() {
		if c.guarded > 0 {
			return failing(plugins.Type{}, codeFunction, diags[0].Detail, e.Range())
		}
		c.diags = append(c.diags, diags...)
		return invalid(e.Range())
	}
	t := TypeOf(v)
	if !v.IsWhollyKnown() { // placeholders, when only checking: this will not run
		return constant(plugins.Value{Kind: t.Kind}, t, e.Range())
	}
	x, err := FromCty(v)
	if err != nil {
		return c.fail(e.Range(), "no value for records", "%s", err)
	}
	if t.Kind != plugins.Null && !t.Kind.Nested() {
		t.Kind = x.Kind
	}
	c.noteFolded(e, x)
	return constant(x, t, e.Range())
}
