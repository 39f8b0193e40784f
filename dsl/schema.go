package dsl

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// schema is a type of records with a name.
type schema struct {
	typ plugins.Type
	rng hcl.Range
}

// declareSchemas reads the schema blocks.
func (b *builder) declareSchemas() {
	for _, block := range b.declared("schema") {
		c := b.read(block.Body, form{what: "a schema", attrs: []string{"fields", "description"}})
		b.text(c.attr("description"))
		s := &schema{rng: block.DefRange(), typ: plugins.Type{Kind: plugins.Record}}
		b.schemas[block.Labels[0]] = s
		fields := c.attr("fields")
		if fields == nil {
			b.fail(block.DefRange(), "incomplete schema", "a schema has fields = { NAME = TYPE, ... }")
			continue
		}
		object, ok := fields.Expr.(*hclsyntax.ObjectConsExpr)
		if !ok {
			b.fail(fields.Expr.Range(), "invalid schema", "write fields = { NAME = TYPE, ... }")
			continue
		}
		s.typ.Fields = b.fields(object)
	}
}

func (b *builder) fields(object *hclsyntax.ObjectConsExpr) []plugins.Field {
	var fields []plugins.Field
	first := map[string]hcl.Range{}
	for _, item := range object.Items {
		name, ok := literalString(item.KeyExpr)
		rng := item.KeyExpr.Range()
		if !ok || name == "" {
			b.fail(rng, "invalid field name", "write the name of a field as it is, or in quotes")
			continue
		}
		if at, dup := first[name]; dup {
			b.add(duplicate(rng, "field "+name, at))
			continue
		}
		first[name] = rng
		t, diags := expr.ParseType(b.unquoted(item.ValueExpr))
		b.add(diags...)
		fields = append(fields, plugins.Field{Name: name, Type: t})
	}
	return fields
}

// schemaOf reads an attribute that refers to a schema; any where it is not
// there.
func (b *builder) schemaOf(a *hclsyntax.Attribute) plugins.Type {
	if a == nil {
		return plugins.Type{}
	}
	if name, ok := b.named(a, "schema", keys(b.schemas)); ok {
		return b.schemas[name].typ
	}
	return plugins.Type{}
}

// named reads an attribute that refers to a block by root.NAME.
func (b *builder) named(a *hclsyntax.Attribute, root string, known []string) (string, bool) {
	t, ok := b.reference(a.Expr)
	if !ok || t.RootName() != root || len(t) != 2 {
		b.fail(a.Expr.Range(), "not a "+root, "%s refers to a %s block: write %s = %s.NAME; %s", a.Name, root, a.Name, root, hint("", known))
		return "", false
	}
	name, rng, _ := step(t, 1)
	if !slices.Contains(known, name) {
		b.fail(rng, "unknown "+root, "there is no %s %q; %s", root, name, hint(name, known))
		return "", false
	}
	return name, true
}

// reference reads an expression that is a name of a block.
func (b *builder) reference(e hclsyntax.Expression) (hcl.Traversal, bool) {
	t, diags := hcl.AbsTraversalForExpr(b.unquoted(e))
	return t, !diags.HasErrors()
}
