package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// eventRoots are the names that stand for something of each record.
func eventRoots() []string {
	return []string{"event", "meta", "key", "setting", "window", "left", "right", "state", "found", "absence", "match"}
}

// addressRoots are the names that begin references to blocks.
func addressRoots() []string {
	return []string{"source", "transform", "sink", "module", "connector", "schema", "errors"}
}

// checkNames reports the names in an expression that stand for nothing. In an
// event expression it looks at the static ones only; the compiler of
// expressions knows the others.
func (b *builder) checkNames(e hclsyntax.Expression, isEvent bool) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, t := range e.Variables() {
		if d := b.checkName(t, isEvent); d != nil {
			diags = append(diags, d)
		}
	}
	if isEvent {
		diags = append(diags, secretCalls(e)...)
	}
	return diags
}

func (b *builder) checkName(t hcl.Traversal, isEvent bool) *hcl.Diagnostic {
	root, rng := t.RootName(), t.SourceRange()
	switch root {
	case "var":
		return checkMember(b, t, isEvent, "variable", b.vars)
	case "local":
		return checkMember(b, t, isEvent, "local", b.locals)
	case "path":
		return checkMember(b, t, isEvent, "path", map[string]bool{"pipeline": true, "cwd": true})
	case "node":
		return checkMember(b, t, isEvent, "attribute of node", map[string]bool{"name": true, "os": true, "arch": true})
	case "each":
		return errorAt(rng, "not available yet", "each belongs to repeated blocks, which are for a later version")
	}
	if isEvent && !slices.Contains(addressRoots(), root) {
		return nil
	}
	switch {
	case slices.Contains(eventRoots(), root):
		return errorAt(rng, "not available here",
			"%s is known for each record only, and this is evaluated once, before there are any; use var, local, env() or a constant", root)
	case slices.Contains(addressRoots(), root):
		return errorAt(rng, "reference used as a value", "%s names a block; references stand in from, via, schema, at and output only", text(t))
	case len(t) == 1:
		return errorAt(rng, "unknown name", "nothing is called %s here; if it is a string, put it in quotes", root)
	}
	return errorAt(rng, "unknown name", "nothing is called %s here; %s", root, hint(root, []string{"var", "local", "path", "node"}))
}

// checkMember checks the second step of a name such as var.x.
func checkMember[V any](b *builder, t hcl.Traversal, isEvent bool, what string, known map[string]V) *hcl.Diagnostic {
	name, rng, ok := step(t, 1)
	_, isKnown := known[name]
	switch {
	case !ok:
		return errorAt(t.SourceRange(), "incomplete name", "write %s.NAME; %s", t.RootName(), hintAmong("", known))
	case !isKnown:
		return errorAt(rng, "unknown "+what, "there is no %s %q; %s", what, name, hintAmong(name, known))
	case isEvent && b.event != nil && holdsSecret(b.member(t.RootName(), name)):
		return errorAt(t.SourceRange(), "secret in an event expression", "%s is secret; only attributes that are made for secrets take it", text(t))
	}
	return nil
}

func (b *builder) member(root, name string) cty.Value {
	return b.event.Variables[root].GetAttr(name)
}

// secretCalls finds calls of secret where records could carry its result away.
func secretCalls(e hclsyntax.Expression) hcl.Diagnostics {
	return hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && call.Name == "secret" {
			return hcl.Diagnostics{errorAt(call.Range(), "secret in an event expression", "records must not carry secrets; only attributes that are made for secrets take them")}
		}
		return nil
	})
}

// step returns a step of a traversal that is a name, written .name or ["name"].
func step(t hcl.Traversal, i int) (string, hcl.Range, bool) {
	if i >= len(t) {
		return "", t.SourceRange(), false
	}
	switch s := t[i].(type) {
	case hcl.TraverseRoot:
		return s.Name, s.SrcRange, true
	case hcl.TraverseAttr:
		return s.Name, s.SrcRange, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), s.SrcRange, true
		}
	}
	return "", t[i].SourceRange(), false
}

// text writes a traversal as it is written.
func text(t hcl.Traversal) string {
	var s strings.Builder
	for i := range t {
		name, _, ok := step(t, i)
		switch {
		case !ok:
			s.WriteString("[...]")
		case i == 0:
			s.WriteString(name)
		default:
			fmt.Fprintf(&s, ".%s", name)
		}
	}
	return s.String()
}
