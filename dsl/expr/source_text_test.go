package expr_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// A division by zero tells which division it was, at run time, too.
func TestDivisionByZeroTellsOperands(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1 + ", 50) + "event.a"
	for src, want := range map[string]string{
		`event.a / event.b`:            "division by zero in event.a / event.b",
		`(` + long + `) / event.b + 1`: "division by zero in ... / event.b",
	} {
		shape := plugins.Columns(plugins.Field{Name: "a", Type: plugins.Of(plugins.Int)}, plugins.Field{Name: "b", Type: plugins.Of(plugins.Int)})
		x, diags := expr.Compile(parse(t, src), &expr.Scope{Event: &shape})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		b := new(plugins.Pool).Batch()
		b.SelectAll(1)
		b.NewColumn("a", plugins.Int).Ints[0] = 1
		b.NewColumn("b", plugins.Int).Ints[0] = 0
		x.Evaluator(plugins.Env{}).Eval(b)
		var got string
		b.TakeFailures(func(f plugins.Failure) { got = f.Msg })
		if got != want {
			t.Errorf("%s fails with %q, want %q", src, got, want)
		}
		b.Release()
	}
}
