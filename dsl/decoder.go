package dsl

import (
	"fmt"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// decoder turns the body of a stage's block into a configuration.
type decoder struct {
	*builder
	stage  *stage
	in     []plugins.Shape // of the records, by port
	known  plugins.Config  // of the stage, as far as it is decoded
	blind  bool            // the records are not known: event expressions are left alone
	failed bool
}

func (d *decoder) fail(rng hcl.Range, summary, detail string, args ...any) {
	d.failed = true
	d.builder.fail(rng, summary, detail, args...)
}

// config decodes a body by a schema. Paths of what is in it begin with prefix.
func (d *decoder) config(c content, schema plugins.Schema, prefix string, at hcl.Range) plugins.Config {
	attrs := map[string]any{}
	return plugins.NewConfig(attrs, d.values(attrs, c, schema, prefix, at)...)
}

// values puts the attributes of a body into a map, one after the other, and
// returns its blocks.
func (d *decoder) values(attrs map[string]any, c content, schema plugins.Schema, prefix string, at hcl.Range) []plugins.ConfigBlock {
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
	return blocks
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
		if x := d.expression(spec, d.scopeOf(spec, 0), a.Expr, path); x != nil {
			return x
		}
		return nil
	case plugins.AttrExprMap:
		return d.object(a, d.scopeOf(spec, 0), path)
	case plugins.AttrExprList:
		return d.list(a, d.scopeOf(spec, 0), path)
	case plugins.AttrPortExprs:
		if each := d.portExprs(spec, a, path, func(port int) *expr.Scope { return d.scopeOf(spec, port) }); each != nil {
			return each
		}
		return nil
	case plugins.AttrAggregation:
		return d.aggregation(a, d.scopeOf(spec, 0), path)
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
	if file, ok := x.(string); ok && spec.Type == plugins.AttrFile {
		return d.file(file, path)
	}
	return x
}

// file returns where a file is that an attribute names. With [Options.Dir] it is looked at there, and called afterwards as
// it would be in Dir.
func (d *decoder) file(name, path string) string {
	called := name
	if !filepath.IsAbs(name) {
		called = filepath.Join(d.dir(), name)
	}
	if d.options.Dir == "" {
		return called
	}
	if d.stage.called == nil {
		d.stage.called = map[string]string{}
	}
	d.stage.called[path] = called
	is := d.located(name)
	if abs, err := filepath.Abs(is); err == nil {
		return abs
	}
	return is
}

const secretText = "(secret)"

// expression compiles an event expression, nil where it is wrong.
func (d *decoder) expression(spec plugins.Attr, scope *expr.Scope, e hclsyntax.Expression, path string) plugins.Expr {
	at := e.Range()
	d.stage.places[path] = at
	if lit, ok := e.(*hclsyntax.LiteralValueExpr); ok && lit.Val.IsNull() {
		if spec.Required {
			d.fail(at, "missing attribute", "%s must not be null: %s", spec.Name, spec.Doc)
		}
		return nil
	}
	if d.blind {
		return nil
	}
	x := d.compile(e, scope)
	if x == nil {
		return nil
	}
	d.explainedEvent(d.stage, path, x, at)
	if why := unfit(x.Type(), spec.Want); why != "" {
		d.fail(at, "wrong type", "%s %s%s", spec.Name, why, d.jsonRemedy(e))
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

func (d *decoder) compile(e hclsyntax.Expression, scope *expr.Scope) *expr.Expr {
	if !d.namesKnown(e) {
		return nil
	}
	x, diags := expr.Compile(e, scope)
	if d.refused(e, diags) {
		return nil
	}
	return x
}

// namesKnown reports whether the static names in an event expression stand for
// something.
func (d *decoder) namesKnown(e hclsyntax.Expression) bool {
	diags := d.checkNames(e, true)
	d.failed = d.failed || diags.HasErrors()
	d.add(diags...)
	return !diags.HasErrors()
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
