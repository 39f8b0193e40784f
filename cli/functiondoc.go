package cli

import (
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins/aggregate"
)

// function is what is told about a function of expressions, or one that
// aggregates.
type function struct {
	Name       string    `json:"name"`
	Category   string    `json:"category"`
	Doc        string    `json:"doc"`
	Signatures []string  `json:"signatures"`
	Pure       bool      `json:"pure"`
	Fallible   bool      `json:"fallible"`
	Examples   []example `json:"examples"`

	notes []string // what is not seen from the signatures
}

type example struct {
	Expr   string `json:"expr"`
	Result string `json:"result,omitempty"` // in JSON
}

// allFunctions returns all functions, those that aggregate last.
func allFunctions() []function {
	var all []function
	for _, f := range expr.Functions() {
		all = append(all, describe(f))
	}
	for _, f := range aggregate.All() {
		all = append(all, function{
			Name: "agg::" + f.Name, Category: "aggregates", Doc: f.Doc, Signatures: []string{"agg::" + f.Usage()},
			Pure: true, Examples: []example{{Expr: f.Example}},
			notes: []string{"Is available where records are grouped, such as in emit of a window."},
		})
	}
	return all
}

func describe(f *expr.Function) function {
	out := function{Name: f.Name, Category: f.Category, Doc: f.Doc, Pure: f.Pure, Fallible: f.Fallible, Signatures: []string{}, Examples: []example{}}
	for _, s := range f.Signatures {
		out.Signatures = append(out.Signatures, f.Name+s.String())
	}
	for _, e := range f.Examples {
		out.Examples = append(out.Examples, example{e.Expr, e.Result})
	}
	if f.Fallible {
		out.notes = append(out.notes, "May fail its record.")
	}
	if !f.Pure {
		out.notes = append(out.notes, "Is computed for each record, also where its arguments are constants.")
	}
	if f.Lazy {
		out.notes = append(out.notes, "Computes its arguments only as far as they are needed.")
	}
	return out
}
