package dsl

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// local is a value with a name.
type local struct {
	attr    *hclsyntax.Attribute
	ready   bool
	visited bool
}

// declareLocals reads the locals blocks.
func (b *builder) declareLocals() {
	for _, block := range b.module.blocks["locals"] {
		c := b.read(block.Body, form{what: "locals", free: true})
		for _, a := range c.attrs {
			if first := b.locals[a.Name]; first != nil {
				b.add(duplicate(a.NameRange, "local "+a.Name, first.attr.NameRange))
				continue
			}
			b.locals[a.Name] = &local{attr: a}
		}
	}
}

// evaluateLocals computes the locals, each after those it refers to.
func (b *builder) evaluateLocals(vars cty.Value) cty.Value {
	base := b.context(vars, cty.EmptyObjectVal)
	values := map[string]cty.Value{}
	for name := range b.locals {
		values[name] = cty.DynamicVal
	}
	for _, name := range slices.Sorted(maps.Keys(b.locals)) {
		b.evaluateLocal(name, base, values, nil)
	}
	return cty.ObjectVal(values)
}

func (b *builder) evaluateLocal(name string, base *hcl.EvalContext, values map[string]cty.Value, path []string) {
	l := b.locals[name]
	if l == nil || l.ready {
		return
	}
	path = append(path, "local."+name)
	if l.visited {
		first := slices.Index(path, "local."+name)
		b.fail(l.attr.NameRange, "locals refer to each other", "%s; take one of the references out", strings.Join(path[first:], " -> "))
		l.ready = true
		return
	}
	l.visited = true
	for _, t := range l.attr.Expr.Variables() {
		if other, _, ok := step(t, 1); ok && t.RootName() == "local" {
			b.evaluateLocal(other, base, values, path)
		}
	}
	if l.ready { // it is part of a cycle
		return
	}
	l.ready = true
	v, diags := b.evaluateIn(localContext(base, l.attr.Expr, values), l.attr.Expr)
	b.add(diags...)
	values[name] = v
	b.localOrder = append(b.localOrder, name)
}

// localContext returns a context like base with those locals only that an
// expression names: an object of all of them would be made anew for each.
func localContext(base *hcl.EvalContext, e hclsyntax.Expression, locals map[string]cty.Value) *hcl.EvalContext {
	named := map[string]cty.Value{}
	for _, t := range e.Variables() {
		name, _, ok := step(t, 1)
		if v, known := locals[name]; ok && known && t.RootName() == "local" {
			named[name] = v
		}
	}
	ctx := base.NewChild()
	ctx.Variables = map[string]cty.Value{"local": cty.ObjectVal(named)}
	return ctx
}
