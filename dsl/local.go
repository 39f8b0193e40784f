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
	value   cty.Value
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
			b.locals[a.Name] = &local{attr: a, value: cty.DynamicVal}
		}
	}
}

// evaluateLocals computes the locals, each after those it refers to.
func (b *builder) evaluateLocals(vars cty.Value) cty.Value {
	for _, name := range slices.Sorted(maps.Keys(b.locals)) {
		b.evaluateLocal(name, vars, nil)
	}
	return b.localValues()
}

func (b *builder) localValues() cty.Value {
	values := map[string]cty.Value{}
	for name, l := range b.locals {
		values[name] = l.value
	}
	return cty.ObjectVal(values)
}

func (b *builder) evaluateLocal(name string, vars cty.Value, path []string) {
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
			b.evaluateLocal(other, vars, path)
		}
	}
	if l.ready { // it is part of a cycle
		return
	}
	l.ready = true
	v, diags := b.evaluateIn(b.localContext(l.attr.Expr, vars), l.attr.Expr)
	b.add(diags...)
	l.value = v
	b.localOrder = append(b.localOrder, name)
}

// localContext returns a context with the locals that an expression names,
// which are ready.
func (b *builder) localContext(e hclsyntax.Expression, vars cty.Value) *hcl.EvalContext {
	values := map[string]cty.Value{}
	for _, t := range e.Variables() {
		if name, _, ok := step(t, 1); ok && t.RootName() == "local" && b.locals[name] != nil {
			values[name] = b.locals[name].value
		}
	}
	return b.context(vars, cty.ObjectVal(values))
}
