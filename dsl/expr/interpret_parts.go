package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// reference rewrites a reference into a record: what is missing is null.
func (in interpreter) reference(e *hclsyntax.ScopeTraversalExpr) hclsyntax.Expression {
	if !in.records || staticRoots[e.Traversal.RootName()] || len(e.Traversal) < 2 {
		return e
	}
	root := &hclsyntax.ScopeTraversalExpr{Traversal: e.Traversal[:1], SrcRange: e.SrcRange}
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		return partsOf(root, e.Traversal[1:], ctx)
	}}
}

// partsOf evaluates steps into what an expression gives.
func partsOf(e hclsyntax.Expression, steps hcl.Traversal, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Value(ctx)
	for _, step := range steps {
		if diags.HasErrors() {
			break
		}
		if name, ok := stepName(step); ok {
			v, diags = part(v, cty.StringVal(name), true, step.SourceRange())
			continue
		}
		if i, ok := step.(hcl.TraverseIndex); ok {
			v, diags = part(v, i.Key, false, step.SourceRange())
		}
	}
	return v, diags
}

func (in interpreter) index(e *hclsyntax.IndexExpr) hclsyntax.Expression {
	c := *e
	c.Collection, c.Key = in.expr(e.Collection), in.expr(e.Key)
	if !in.records {
		return &c
	}
	return &interpreted{e, func(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
		base, diags := c.Collection.Value(ctx)
		if diags.HasErrors() {
			return base, diags
		}
		key, diags := c.Key.Value(ctx)
		if diags.HasErrors() {
			return key, diags
		}
		return part(base, key, false, e.Range())
	}}
}

// part returns an element or attribute of v. By a fixed name, what has no
// attributes has none of this name either.
func part(v, key cty.Value, fixed bool, at hcl.Range) (cty.Value, hcl.Diagnostics) {
	v, marks := v.Unmark()
	if !v.IsKnown() || !key.IsKnown() {
		return cty.DynamicVal, nil
	}
	null := cty.NullVal(cty.DynamicPseudoType)
	name, byName := isString(key)
	t := v.Type()
	switch {
	case key.IsNull():
		return cty.DynamicVal, hcl.Diagnostics{problem(at, "value is null", "an index must not be null")}
	case v.IsNull():
		return null, nil
	case byName && t.IsObjectType() && t.HasAttribute(name):
		return v.GetAttr(name).WithMarks(marks), nil
	case byName && t.IsMapType() && v.HasIndex(key).True():
		return v.Index(key).WithMarks(marks), nil
	case byName && (fixed || t.IsObjectType() || t.IsMapType()):
		return null, nil
	case !byName && (t.IsTupleType() || t.IsListType()):
		n, err := FromCty(key)
		if err != nil || n.Kind != plugins.Int {
			break
		}
		if n.Int < 0 || n.Int >= int64(v.LengthInt()) {
			return cty.DynamicVal, hcl.Diagnostics{problem(at, "no such element", "%s", explanations[codeIndex])}
		}
		return v.Index(key).WithMarks(marks), nil
	}
	return cty.DynamicVal, hcl.Diagnostics{problem(at, "types do not go together", "there is no part of a %s by %s", TypeOf(v).Kind, TypeOf(key).Kind)}
}
