package expr_test

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// An expression is compiled for the records of a shape, and evaluated for all
// records of a batch at once.
func Example() {
	parsed, diags := hclsyntax.ParseExpression([]byte(`"${event.site}: ${intdiv(100, event.n)}"`), "main.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		fmt.Println(diags)
		return
	}
	shape := plugins.Columns(
		plugins.Field{Name: "site", Type: plugins.Of(plugins.String)},
		plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)},
	)
	compiled, diags := expr.Compile(parsed, &expr.Scope{Event: &shape})
	if diags.HasErrors() {
		fmt.Println(diags)
		return
	}
	fmt.Println("gives a", compiled.Type())
	for _, f := range compiled.Reads() {
		fmt.Println("reads", f.Name)
	}

	b := new(plugins.Pool).Batch()
	defer b.Release()
	b.SelectAll(3)
	site, n := b.NewColumn("site", plugins.String), b.NewColumn("n", plugins.Int)
	for i, name := range []string{"oslo", "bergen", "bodø"} {
		site.AppendString(uint32(i), name)
		n.Ints[i] = int64(i)
	}
	column := compiled.Evaluator(plugins.Env{}).Eval(b)
	for _, i := range b.Sel {
		fmt.Printf("%s\n", column.Bytes(i))
	}
	b.TakeFailures(func(f plugins.Failure) { fmt.Printf("record %d fails: %s\n", f.Row, f.Msg) })
	// Output:
	// gives a string
	// reads n
	// reads site
	// bergen: 100
	// bodø: 50
	// record 0 fails: division by zero
}
