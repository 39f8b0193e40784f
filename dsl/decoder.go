package dsl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// decoder turns the body of a stage's block into a configuration.
type decoder struct {
	*builder
	stage  *stage
	scope  *expr.Scope // nil where there are no event expressions
	blind  bool        // the records are not known: event expressions are left alone
	failed bool
}

func (d *decoder) fail(rng hcl.Range, summary, detail string, args ...any) {
	d.failed = true
	d.builder.fail(rng, summary, detail, args...)
}

// config decodes a body by a schema. Paths of what is in it begin with prefix.
func (d *decoder) config(c content, schema plugins.Schema, prefix string, at hcl.Range) plugins.Config {
	attrs, blocks := d.values(c, schema, prefix, at)
	return plugins.NewConfig(attrs, blocks...)
}

func (d *decoder) values(c content, schema plugins.Schema, prefix string, at hcl.Range) (map[string]any, []plugins.ConfigBlock) {
	attrs := map[string]any{}
	for _, spec := range schema.Attrs {
		a := c.attr(spec.Name)
		if a == nil {
			if spec.Required {
				d.fail(at, "missing attribute", "%s is missing: %s", spec.Name, spec.Doc)
			}
			if spec.Default != nil {
				attrs[spec.Name] = spec.Default
			}
			continue
		}
		if v := d.attribute(spec, a, prefix+spec.Name); v != nil {
			attrs[spec.Name] = v
		} else if spec.Default != nil {
			attrs[spec.Name] = spec.Default
		}
	}
	var blocks []plugins.ConfigBlock
	for _, spec := range schema.Blocks {
		blocks = append(blocks, d.blocks(c, spec, prefix, at)...)
	}
	return attrs, blocks
}

// blocks decodes the nested blocks of a name.
func (d *decoder) blocks(c content, spec plugins.Block, prefix string, at hcl.Range) []plugins.ConfigBlock {
	var blocks []plugins.ConfigBlock
	first := map[string]hcl.Range{}
	for _, block := range c.blocksOf(spec.Name) {
		path, label := prefix+spec.Name, ""
		if spec.Label != "" {
			label = block.Labels[0]
			path = fmt.Sprintf("%s[%s]", path, label)
			if at, dup := first[label]; dup {
				d.failed = true
				d.add(duplicate(block.LabelRanges[0], spec.Name+" "+label, at))
				continue
			}
			first[label] = block.LabelRanges[0]
		}
		d.stage.places[path] = block.DefRange()
		body, diags := readBody(block.Body, schemaForm(spec.Schema, "block "+spec.Name))
		d.failed = d.failed || diags.HasErrors()
		d.add(diags...)
		blocks = append(blocks, plugins.ConfigBlock{Name: spec.Name, Label: label, Config: d.config(body, spec.Schema, path+".", block.DefRange())})
	}
	if spec.Required && len(blocks) == 0 {
		d.fail(at, "missing block", "%s { ... } is missing: %s", spec.Name, spec.Doc)
	}
	return blocks
}

// attribute decodes an attribute to what the getters of a configuration
// return, nil where it is null or wrong.
func (d *decoder) attribute(spec plugins.Attr, a *hclsyntax.Attribute, path string) any {
	d.stage.places[path] = a.Expr.Range()
	switch spec.Type {
	case plugins.AttrExpr:
		if x := d.expression(spec, a, path); x != nil {
			return x
		}
		return nil
	case plugins.AttrExprMap:
		return d.object(a, path)
	}
	d.explained(d.stage, path, a, StaticPhase)
	if spec.Type == plugins.AttrSecret && d.stage.explain != nil {
		attrs := d.stage.explain.Attributes
		attrs[len(attrs)-1].Text = secretText
	}
	v := d.value(a.Expr)
	switch {
	case !v.IsWhollyKnown():
		if err := couldBe(spec, v); err != nil {
			d.fail(a.Expr.Range(), "invalid "+spec.Name, "%s %s", spec.Name, err)
			return nil
		}
		return d.guess(spec, path)
	case v.IsNull():
		if spec.Required {
			d.fail(a.Expr.Range(), "missing attribute", "%s must not be null: %s", spec.Name, spec.Doc)
		}
		return nil
	}
	x, err := decodeStatic(spec, v)
	if err != nil {
		d.fail(a.Expr.Range(), "invalid "+spec.Name, "%s %s", spec.Name, err)
		return nil
	}
	return x
}

const secretText = "(secret)"

// expression compiles an event expression, nil where it is wrong.
func (d *decoder) expression(spec plugins.Attr, a *hclsyntax.Attribute, path string) plugins.Expr {
	d.stage.places[path] = a.Expr.Range()
	if lit, ok := a.Expr.(*hclsyntax.LiteralValueExpr); ok && lit.Val.IsNull() {
		if spec.Required {
			d.fail(a.Expr.Range(), "missing attribute", "%s must not be null: %s", spec.Name, spec.Doc)
		}
		return nil
	}
	if d.blind {
		return nil
	}
	x := d.compile(a.Expr)
	if x == nil {
		return nil
	}
	d.explainedEvent(d.stage, path, x, a.Expr.Range())
	if why := unfit(x.Type(), spec.Want); why != "" {
		d.fail(a.Expr.Range(), "wrong type", "%s %s%s", spec.Name, why, d.jsonRemedy(a.Expr))
		return nil
	}
	return x
}

// jsonRemedy helps those who write an expression in JSON as in native syntax.
func (d *decoder) jsonRemedy(e hclsyntax.Expression) string {
	if s, ok := literalString(e); ok && isJSON(e.Range().Filename) {
		return fmt.Sprintf("; in JSON an expression is written \"${%s}\"", s)
	}
	return ""
}

func (d *decoder) compile(e hclsyntax.Expression) *expr.Expr {
	if diags := d.checkNames(e, true); diags.HasErrors() {
		d.failed = true
		d.add(diags...)
		return nil
	}
	x, diags := expr.Compile(e, d.scope)
	if d.refused(e, diags) {
		return nil
	}
	return x
}

// refused reports whether there are errors. Those of an expression that was
// compiled with samples may be due to them and are not shown.
func (d *decoder) refused(e hclsyntax.Expression, diags hcl.Diagnostics) bool {
	d.failed = d.failed || diags.HasErrors()
	if !diags.HasErrors() || !d.isSampled(e) {
		d.add(diags...)
	}
	return diags.HasErrors()
}

// object compiles an object of event expressions.
func (d *decoder) object(a *hclsyntax.Attribute, path string) any {
	object, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		d.fail(a.Expr.Range(), "not an object", "write %s = { NAME = EXPRESSION, ... }", a.Name)
		return nil
	}
	if d.blind {
		return nil
	}
	if diags := d.checkNames(object, true); diags.HasErrors() {
		d.failed = true
		d.add(diags...)
		return nil
	}
	items, diags := expr.CompileObject(object, d.scope)
	if d.refused(object, diags) {
		return nil
	}
	ranges := map[string]hcl.Range{}
	for _, item := range object.Items {
		if name, ok := literalString(item.KeyExpr); ok {
			ranges[name] = item.ValueExpr.Range()
		}
	}
	for _, item := range items {
		at := ranges[item.Name]
		d.stage.places[path+"."+item.Name] = at
		if x, ok := item.Expr.(*expr.Expr); ok {
			d.explainedEvent(d.stage, path+"."+item.Name, x, at)
		}
	}
	return items
}

// unfit says why an expression's type is not the one that is wanted.
func unfit(t, want plugins.Type) string {
	switch {
	case want.Kind == plugins.Any:
		return ""
	case t.Kind == plugins.Any:
		return ""
	case t.Kind != want.Kind:
		return fmt.Sprintf("must be %s, not %s", want, t)
	case t.Nullable && !want.Nullable:
		return fmt.Sprintf("must be %s and may be null here; say what holds then with default(..., VALUE), or filter such records out before", want)
	}
	return ""
}
