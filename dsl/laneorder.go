package dsl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// keepOrder lets a stage run in one lane where a stage behind it keeps
// something per another key: what several lanes, side by side, make of the
// records of one such key would come in any order.
func (b *builder) keepOrder() {
	for _, s := range b.order {
		if !s.kind.keyed || len(s.keyExprs()) == 0 {
			continue
		}
		for _, in := range s.Inputs {
			key := s.keyExprs()[s.port(in.Port)]
			for _, d := range b.dividers(in, b.keyField(key), false, map[*stage]bool{}) {
				if d.Role != graph.Source && (d.changed || !b.sameKey(d.stage, key)) {
					d.OneLane = true
					if addr := s.Addr(); !slices.Contains(d.OneLaneFor, addr) {
						d.OneLaneFor = append(d.OneLaneFor, addr)
					}
				}
			}
		}
	}
}

// divider is the last stage with lanes that records came through; the source
// where there is none.
type divider struct {
	*stage
	changed bool // other records have been made of them since
}

// dividers returns those of an input, one on each way; changed are those since
// which the records may have another value in a field. What fails has no order
// that could be lost.
func (b *builder) dividers(in graph.Input, field string, changed bool, seen map[*stage]bool) []divider {
	u := b.stages[in.From]
	if in.Output == graph.Errors || u == nil || seen[u] {
		return nil
	}
	seen[u] = true
	if u.Role == graph.Source || u.kind.keyed && len(u.keyExprs()) > 0 {
		return []divider{{u, changed}}
	}
	out := b.shapeOf(in)
	changed = changed || out == nil || changes(u.In, *out, field) && !u.carries(in.Output, field)
	var found []divider
	for _, more := range u.Inputs {
		found = append(found, b.dividers(more, field, changed, seen)...)
	}
	return found
}

// carries reports whether a field has the value that it had in the input.
func (s *stage) carries(output, field string) bool {
	i := s.Output(output)
	return i >= 0 && slices.Contains(s.Outputs[i].Carried, field)
}

// changes reports whether records of one shape may have another value in a field
// than those of another that they were made of. The field "" stands for all.
func changes(in, out plugins.Shape, field string) bool {
	switch {
	case out.Generation != in.Generation || out.Format != in.Format:
		return true
	case out.Format == "":
		return !out.Type.Equal(in.Type)
	case field == "" || slices.Contains(in.Set, field):
		return !slices.Equal(out.Set, in.Set)
	default:
		return slices.Contains(out.Set, field) || out.IsRemoved(plugins.JoinPath(field)) != in.IsRemoved(plugins.JoinPath(field))
	}
}

// keyField returns the field of the record that a key is, or is in; "" where it
// is made of several.
func (b *builder) keyField(key hclsyntax.Expression) string {
	t, ok := key.(*hclsyntax.ScopeTraversalExpr)
	if !ok || t.Traversal.RootName() != "event" || len(t.Traversal) < 2 {
		return ""
	}
	name, _, _ := step(t.Traversal, 1)
	return name
}

// keyExprs returns the key of a stage as written, or that of each of its inputs;
// none where it has no key.
func (s *stage) keyExprs() []hclsyntax.Expression {
	a := s.body.attr("key")
	if a == nil {
		return nil
	}
	ports := s.kind.transform.Ports
	if len(ports) == 0 {
		return []hclsyntax.Expression{a.Expr}
	}
	keys := slices.Repeat([]hclsyntax.Expression{a.Expr}, len(ports))
	if object, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
		for _, item := range object.Items {
			name, _ := literalString(item.KeyExpr)
			keys[s.port(name)] = item.ValueExpr
		}
	}
	return keys
}

// sameKey reports whether records with the same key have the same one by which
// an upstream stage divides its records: it is the same expression, or a field
// that this stage sets to its key, or a text that has one of these in it.
func (b *builder) sameKey(u *stage, key hclsyntax.Expression) bool {
	if text, ok := key.(*hclsyntax.TemplateExpr); ok &&
		slices.ContainsFunc(text.Parts, func(p hclsyntax.Expression) bool { return b.sameKey(u, p) }) {
		return true
	}
	same := map[string]bool{}
	for _, k := range u.keyExprs() {
		same[b.keyText(k)] = true
	}
	text := b.keyText(key)
	if same[text] {
		return true
	}
	field, ok := strings.CutPrefix(text, "event.")
	if !ok {
		return false
	}
	emit := u.body.attr("emit")
	if emit == nil {
		return u.Role != graph.Source && field == "key" // as results are named unless told otherwise
	}
	object, ok := emit.Expr.(*hclsyntax.ObjectConsExpr)
	return ok && slices.ContainsFunc(object.Items, func(item hclsyntax.ObjectConsItem) bool {
		name, _ := literalString(item.KeyExpr)
		value := b.keyText(item.ValueExpr)
		return name == field && (value == "key" || same[value])
	})
}

// keyText is the source of a key, on one line.
func (b *builder) keyText(key hclsyntax.Expression) string {
	return strings.Join(strings.Fields(b.source(key.Range())), " ")
}
