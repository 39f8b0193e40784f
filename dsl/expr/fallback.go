package expr

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// fallback compiles what has no kernel: for expressions, splats and calls with
// a list of arguments. They are interpreted for each row; only what they refer
// to is converted.
func (c *compiler) fallback(e hclsyntax.Expression, what string, t plugins.Type) *node {
	before := len(c.diags)
	c.checkCalls(e)
	values := c.referredTo(e)
	if c.diags[before:].HasErrors() {
		return invalid(e.Range())
	}
	c.fallbacks = append(c.fallbacks, what)
	static := c.scope.Static
	return &node{t: t, at: e.Range(), make: func(w *workshop) kernel {
		kernels := make([]kernel, len(values))
		for i, v := range values {
			kernels[i] = v.node.make(w)
		}
		cols := make([]*plugins.Column, len(values))
		tree, steps := interpret(e)
		functions := withFunctions(static, ctyFunctions(functionTable().list, &w.env))
		out := newOutput(t, e.Range())
		return func(r *run, sel []uint32) *plugins.Column {
			for i, k := range kernels {
				cols[i] = k(r, sel)
			}
			out.begin(r)
			for _, i := range sel {
				*steps = maxSteps
				v, err := interpretRow(tree, functions, values, cols, i)
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				out.value(r, i, v)
			}
			return &out.col
		}
	}}
}

func interpretRow(tree hclsyntax.Expression, ctx *hcl.EvalContext, values []referred, cols []*plugins.Column, i uint32) (plugins.Value, error) {
	vars := branch{}
	for k, v := range values {
		x, err := ToCty(cols[k].Value(i))
		if err != nil {
			return plugins.Value{}, err
		}
		vars.put(v.path, x)
	}
	row := ctx.NewChild()
	row.Variables = map[string]cty.Value{}
	for name, v := range vars {
		row.Variables[name] = valueOf(v)
	}
	v, diags := tree.Value(row)
	if err := firstOf(diags); err != nil {
		return plugins.Value{}, err
	}
	return FromCty(v)
}

// branch is an object that is being put together: values and branches.
type branch map[string]any

func (b branch) put(path []string, v cty.Value) {
	for _, name := range path[:len(path)-1] {
		next, ok := b[name].(branch)
		if !ok {
			next = branch{}
			b[name] = next
		}
		b = next
	}
	b[path[len(path)-1]] = v
}

func valueOf(v any) cty.Value {
	b, ok := v.(branch)
	if !ok {
		return v.(cty.Value)
	}
	attrs := map[string]cty.Value{}
	for name, part := range b {
		attrs[name] = valueOf(part)
	}
	return cty.ObjectVal(attrs)
}

// referred is something that an interpreted expression refers to: root and
// names, and its value.
type referred struct {
	path []string
	node *node
}

// referredTo compiles the references in an expression, as far as they are by
// name. What is part of something else that is referred to is left out.
func (c *compiler) referredTo(e hclsyntax.Expression) []referred {
	var found []hcl.Traversal
	for _, t := range e.Variables() {
		if c.staticRoot(t.RootName()) {
			continue
		}
		n := 1
		for n < len(t) {
			if _, named := stepName(t[n]); !named {
				break
			}
			n++
		}
		found = append(found, t[:n])
	}
	slices.SortStableFunc(found, func(a, b hcl.Traversal) int { return len(a) - len(b) })
	var values []referred
	for _, t := range found {
		path := traversalNames(t)
		covered := slices.ContainsFunc(values, func(v referred) bool {
			return len(v.path) <= len(path) && slices.Equal(v.path, path[:len(v.path)])
		})
		if !covered {
			values = append(values, referred{path, c.reference(t)})
		}
	}
	return values
}

func traversalNames(t hcl.Traversal) []string {
	names := []string{t.RootName()}
	for _, step := range t[1:] {
		name, _ := stepName(step)
		names = append(names, name)
	}
	return names
}

// checkCalls reports calls of functions that do not exist.
func (c *compiler) checkCalls(e hclsyntax.Expression) {
	diags := hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && !c.staticFunction(call.Name) {
			c.function(call)
		}
		return nil
	})
	c.diags = append(c.diags, diags...)
}

// forType is the type of what a for expression makes.
func forType(e *hclsyntax.ForExpr) plugins.Type {
	if e.KeyExpr != nil {
		return plugins.Of(plugins.Map)
	}
	return plugins.Of(plugins.List)
}
