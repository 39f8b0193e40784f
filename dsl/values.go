package dsl

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// context returns what expressions of the static phase may use.
func (b *builder) context(vars, locals cty.Value) *hcl.EvalContext {
	return &hcl.EvalContext{Functions: b.outside(false), Variables: b.roots(vars, locals)}
}

func (b *builder) roots(vars, locals cty.Value) map[string]cty.Value {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "."
	}
	text := cty.StringVal
	return map[string]cty.Value{
		"var":   vars,
		"local": locals,
		"path":  cty.ObjectVal(map[string]cty.Value{"pipeline": text(b.dir()), "cwd": text(cwd)}),
		"node": cty.ObjectVal(map[string]cty.Value{
			"name": text(b.options.NodeName), "os": text(runtime.GOOS), "arch": text(runtime.GOARCH),
		}),
	}
}

// dir is what path.pipeline is.
func (b *builder) dir() string {
	dir := b.module.dir
	if b.options.Dir != "" {
		dir = b.options.Dir
	}
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// evaluate computes variables and locals, and with them the contexts of all
// other expressions.
func (b *builder) evaluate() {
	vars := map[string]cty.Value{}
	for name, v := range b.vars {
		vars[name] = v.value
	}
	values := cty.ObjectVal(vars)
	locals := b.evaluateLocals(values)
	b.static = b.context(values, locals)
	// An event expression is compiled with values that are there: where they
	// are not known, with some of the same type.
	b.event = &hcl.EvalContext{Functions: b.outside(true), Variables: b.roots(samples(values), samples(locals))}
	if b.options.CheckOnly {
		b.sampleLocals()
	}
}

// sampleLocals computes the locals that are not known from samples of what
// they are made of. Where that fails they remain what they are.
func (b *builder) sampleLocals() {
	locals := b.event.Variables["local"].AsValueMap()
	for _, name := range b.localOrder {
		if b.static.Variables["local"].GetAttr(name).IsWhollyKnown() {
			continue
		}
		e := b.locals[name].attr.Expr
		if v, diags := expr.Static(e, localContext(b.event, e, locals), b.steps); !diags.HasErrors() {
			locals[name] = v
		}
	}
	if len(locals) > 0 {
		b.event.Variables["local"] = cty.ObjectVal(locals)
	}
}

// isSampled reports whether an event expression contains something that is not
// known and has a sample in its place.
func (b *builder) isSampled(e hclsyntax.Expression) bool {
	if !b.options.CheckOnly {
		return false
	}
	for _, t := range e.Variables() {
		root := t.RootName()
		if name, _, ok := step(t, 1); ok && (root == "var" || root == "local") && !b.static.Variables[root].GetAttr(name).IsWhollyKnown() {
			return true
		}
	}
	sampled := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		sampled = sampled || ok && (call.Name == "env" || call.Name == "file")
		return nil
	})
	return sampled
}

// value evaluates an expression of the static phase. It returns an unknown
// value behind an error, and where the value is not to be known yet.
func (b *builder) value(e hclsyntax.Expression) cty.Value {
	v, diags := b.evaluateIn(b.static, e)
	b.add(diags...)
	return v
}

func (b *builder) evaluateIn(ctx *hcl.EvalContext, e hclsyntax.Expression) (cty.Value, hcl.Diagnostics) {
	diags := b.checkNames(e, false)
	if diags.HasErrors() || b.steps.Exhausted() { // which was said
		return cty.DynamicVal, diags
	}
	v, more := expr.Static(e, ctx, b.steps)
	if diags = append(diags, nameSecrets(more, e, ctx)...); diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return v, diags
}

// typed evaluates an attribute to a value of a type; null where it is not
// there. The result is false if it is not there, not known or wrong.
func (b *builder) typed(a *hclsyntax.Attribute, t plugins.Type) (cty.Value, bool) {
	if a == nil {
		return cty.NullVal(cty.DynamicPseudoType), false
	}
	v := b.value(a.Expr)
	if !v.IsKnown() || v.IsNull() {
		return v, false
	}
	fitted, err := conform(v, t)
	if err != nil {
		b.fail(a.Expr.Range(), "wrong type", "%s %s", a.Name, err)
		return v, false
	}
	return fitted, true
}

// text evaluates an attribute that is a string, "" where it is not there.
func (b *builder) text(a *hclsyntax.Attribute) string {
	v, ok := b.typed(a, plugins.Of(plugins.String))
	if !ok {
		return ""
	}
	return v.AsString()
}

// texts evaluates an attribute that is a list of strings.
func (b *builder) texts(a *hclsyntax.Attribute) []string {
	elem := plugins.Of(plugins.String)
	v, ok := b.typed(a, plugins.Type{Kind: plugins.List, Elem: &elem})
	if !ok {
		return nil
	}
	list := []string{}
	for _, x := range v.AsValueSlice() {
		if !x.IsKnown() {
			return nil
		}
		list = append(list, x.AsString())
	}
	return list
}
