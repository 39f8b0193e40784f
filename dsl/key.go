package dsl

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// key compiles the key of a stage: what a keyed kind's configuration has as
// "key", nil where there is none.
func (d *decoder) key() any {
	s := d.stage
	a := s.body.attr("key")
	if a == nil {
		return nil
	}
	spec := plugins.Attr{Name: "key", Type: plugins.AttrPortExprs}
	keys := d.portExprs(spec, a, "key", d.recordScope)
	if keys == nil {
		return nil
	}
	for i, x := range keys {
		d.checkKey(x.Type(), a.Expr)
		if first := keys[0].Type(); !sameKeys(first, x.Type()) {
			d.fail(a.Expr.Range(), "different keys", "the key is %s in %s and %s in %s, so that none would meet; convert one of them",
				first.NotNull(), s.kind.transform.Ports[0], x.Type().NotNull(), s.kind.transform.Ports[i])
		}
	}
	if len(s.kind.transform.Ports) > 0 {
		s.Keys = keys
		return keys
	}
	s.Key = keys[0]
	return keys[0]
}

// checkKey reports a type that keys cannot have.
func (d *decoder) checkKey(t plugins.Type, e hclsyntax.Expression) {
	at := e.Range()
	switch {
	case t.Kind.Nested():
		remedy := "use a field of it"
		if joined := d.joinedKey(e); joined != "" {
			remedy = "write key = " + joined
		}
		d.builder.fail(at, "wrong type", "a key is one value, not %s; %s", t, remedy)
	case t.Nullable && t.Kind != plugins.Any && d.stage.Role == graph.Transform:
		d.builder.fail(at, "may be null", "a record needs a key; write default(..., \"\"), or filter records without one out before")
	}
}

// joinedKey writes a key that is one text of the values of an object or a list;
// "" where the key is neither.
func (d *decoder) joinedKey(e hclsyntax.Expression) string {
	var values []hclsyntax.Expression
	switch e := e.(type) {
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			values = append(values, item.ValueExpr)
		}
	case *hclsyntax.TupleConsExpr:
		values = e.Exprs
	}
	if len(values) == 0 {
		return ""
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = "${" + d.keyText(v) + "}"
	}
	return `"` + strings.Join(parts, " ") + `"`
}

// sameKeys reports whether keys of two types can be equal.
func sameKeys(a, b plugins.Type) bool {
	return a.Kind == b.Kind || a.Kind == plugins.Any || b.Kind == plugins.Any
}
