package expr_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// Every example of every function gives what it says: once when the pipeline is
// built, and per record with its constants put into fields, typed and not.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, f := range expr.Functions() {
		if len(f.Examples) == 0 {
			t.Errorf("%s has no example", f.Name)
		}
		for _, ex := range f.Examples {
			t.Run(ex.Expr, func(t *testing.T) {
				t.Parallel()
				if !strings.Contains(ex.Expr, f.Name+"(") {
					t.Errorf("the example does not call %s", f.Name)
				}
				if calls := parse(t, ex.Expr); f.Pure && !strings.Contains(ex.Expr, "time::now") && !strings.Contains(ex.Expr, "uuid::v4") {
					if got, diags := static(calls, nil); got != ex.Result {
						t.Errorf("built: %s = %s, want %s; %s", ex.Expr, got, ex.Result, diags)
					}
				}
				for _, typed := range []bool{true, false} {
					src := parse(t, ex.Expr)
					lift := &lifter{t: t, typed: typed}
					if diags := hclsyntax.Walk(src, lift); diags.HasErrors() {
						t.Fatal(diags)
					}
					lift.columns = append(lift.columns, jsonColumn(t, "unused", plugins.Type{}, "1"))
					b, shape := batch(new(plugins.Pool), lift.columns...)
					defer b.Release()
					x, diags := expr.Compile(src, &expr.Scope{Event: shape})
					if diags.HasErrors() {
						t.Errorf("typed %v: %s", typed, diags)
						continue
					}
					if got := results(x, b)[0]; got != ex.Result {
						t.Errorf("per record, typed %v: %s = %s, want %s", typed, x, got, ex.Result)
					}
				}
			})
		}
	}
}

// lifter replaces the constant arguments of calls by fields that hold them.
type lifter struct {
	t       *testing.T
	typed   bool
	columns []column
}

func (l *lifter) Enter(n hclsyntax.Node) hcl.Diagnostics {
	call, ok := n.(*hclsyntax.FunctionCallExpr)
	if !ok || call.Name == "has" {
		return nil
	}
	for i, arg := range call.Args {
		v, diags := expr.Static(arg, nil, nil)
		if diags.HasErrors() || len(arg.Variables()) > 0 {
			continue
		}
		x, err := expr.FromCty(v)
		if err != nil {
			l.t.Fatal(err)
		}
		typ := plugins.Type{}
		if l.typed && x.Kind != plugins.Null {
			typ = expr.TypeOf(v)
		}
		name := string(rune('a' + len(l.columns)))
		l.columns = append(l.columns, column{name, typ, []plugins.Value{x}})
		call.Args[i] = parse(l.t, "event."+name)
	}
	return nil
}

func (l *lifter) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }
