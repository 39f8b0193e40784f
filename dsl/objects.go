package dsl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// object compiles an object of event expressions, nil where it is wrong.
func (d *decoder) object(a *hclsyntax.Attribute, scope *expr.Scope, path string) any {
	object := d.objectOf(a)
	if object == nil {
		return nil
	}
	items, diags := expr.CompileObject(object, scope)
	if d.refused(object, diags) {
		return nil
	}
	d.explainedItems(object, items, path)
	return items
}

// list compiles a list of expressions, nil where one is wrong.
func (d *decoder) list(a *hclsyntax.Attribute, scope *expr.Scope, path string) any {
	elements := []hclsyntax.Expression{a.Expr}
	if tuple, ok := a.Expr.(*hclsyntax.TupleConsExpr); ok {
		elements = tuple.Exprs
	}
	if d.blind {
		return nil
	}
	var items []plugins.NamedExpr
	for i, e := range elements {
		x := d.compile(e, scope)
		if x == nil {
			return nil
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		d.stage.places[at] = e.Range()
		d.explainedEvent(d.stage, at, x, e.Range())
		field, _ := x.Field()
		items = append(items, plugins.NamedExpr{Name: field, Expr: x})
	}
	return items
}

// aggregation compiles an object of expressions over groups of records, nil
// where it is wrong.
func (d *decoder) aggregation(a *hclsyntax.Attribute, scope *expr.Scope, path string) any {
	object := d.objectOf(a)
	if object == nil {
		return nil
	}
	aggregation, diags := expr.CompileAggregation(object, scope)
	if d.refused(object, diags) {
		return nil
	}
	d.explainedItems(object, aggregation.Emit, path, aggregation.Calls...)
	return aggregation
}

// objectOf returns the object that an attribute must be, nil where it is not
// one or cannot be compiled.
func (d *decoder) objectOf(a *hclsyntax.Attribute) *hclsyntax.ObjectConsExpr {
	object, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		d.fail(a.Expr.Range(), "not an object", "write %s = { NAME = EXPRESSION, ... }", a.Name)
		return nil
	}
	if d.blind || !d.namesKnown(object) {
		return nil
	}
	return object
}

// explainedItems notes the items of an object of event expressions.
func (d *decoder) explainedItems(object *hclsyntax.ObjectConsExpr, items []plugins.NamedExpr, path string, calls ...plugins.AggregateCall) {
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
			d.explainedEvent(d.stage, path+"."+item.Name, x, at, calls...)
		}
	}
}
