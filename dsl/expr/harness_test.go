package expr_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func parse(t testing.TB, src string) hclsyntax.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("parse %s: %s", src, diags)
	}
	expr.FloatLiterals(e, []byte(src), 0)
	return e
}

// A column is a field with its values, row by row.
type column struct {
	name   string
	typ    plugins.Type
	values []plugins.Value
}

// jsonColumn makes a column of values written as JSON.
func jsonColumn(t testing.TB, name string, typ plugins.Type, values ...string) column {
	t.Helper()
	c := column{name: name, typ: typ}
	var col plugins.Column
	col.Reset(typ.Kind, len(values))
	slot := jsontext.Slot{Col: &col, Type: typ}
	for i, v := range values {
		if err := slot.Set(uint32(i), []byte(v)); err != nil {
			t.Fatalf("%s = %s: %s", name, v, err)
		}
		c.values = append(c.values, col.Value(uint32(i)))
	}
	return c
}

// batch makes a batch of columns, and its shape.
func batch(pool *plugins.Pool, cols ...column) (*plugins.Batch, *plugins.Shape) {
	b := pool.Batch()
	b.SelectAll(len(cols[0].values))
	var fields []plugins.Field
	for _, c := range cols {
		fields = append(fields, plugins.Field{Name: c.name, Type: c.typ})
		col := b.NewColumn(c.name, c.typ.Kind)
		for i, v := range c.values {
			col.SetValue(uint32(i), v)
		}
	}
	shape := plugins.Columns(fields...)
	return b, &shape
}

func compile(t testing.TB, src string, s *expr.Scope) *expr.Expr {
	t.Helper()
	x, diags := expr.Compile(parse(t, src), s)
	if diags.HasErrors() {
		t.Fatalf("compile %s: %s", src, diags)
	}
	return x
}

// results evaluates an expression and writes the value of each row as JSON, or
// the code of its failure after "!".
func results(x *expr.Expr, b *plugins.Batch) []string {
	out := make([]string, b.Len)
	col := x.Evaluator(plugins.Env{}).Eval(b)
	for _, i := range b.Sel {
		out[i] = string(jsontext.AppendRow(nil, col, i, x.Type().Layout))
	}
	b.TakeFailures(func(f plugins.Failure) { out[f.Row] = "!" + f.Code })
	return out
}

// static evaluates an expression once and writes the value as JSON, or "!".
func static(e hcl.Expression, ctx *hcl.EvalContext) (string, hcl.Diagnostics) {
	v, diags := expr.Static(e, ctx, nil)
	if diags.HasErrors() {
		return "!", diags
	}
	x, err := expr.FromCty(v)
	if err != nil {
		return "!", hcl.Diagnostics{{Severity: hcl.DiagError, Summary: err.Error()}}
	}
	return string(jsontext.AppendValue(nil, x, "")), nil
}

// parseAny parses what may not be an expression.
func parseAny(src string) (hclsyntax.Expression, hcl.Diagnostics) {
	return hclsyntax.ParseExpression([]byte(src), "test.hcl", hcl.InitialPos)
}
