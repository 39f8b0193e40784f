package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins/aggregate"
)

// functionTables are the functions by category, each with its first example.
func functionTables(functions []*expr.Function) string {
	var categories []string
	for _, f := range functions {
		if !slices.Contains(categories, f.Category) {
			categories = append(categories, f.Category)
		}
	}
	slices.Sort(categories)
	var b strings.Builder
	for _, category := range categories {
		fmt.Fprintf(&b, "### %s\n\n| function | does | for example |\n|---|---|---|\n", title(category))
		for _, f := range functions {
			if f.Category == category {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", signatures(f), cell(f.Doc), firstExample(f))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// aggregateTable are the functions over groups of records.
func aggregateTable(functions []aggregate.Function) string {
	var b strings.Builder
	b.WriteString("| function | does | for example |\n|---|---|---|\n")
	for _, f := range functions {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code("agg::"+f.Usage()), cell(f.Doc), code(f.Example))
	}
	return b.String()
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func signatures(f *expr.Function) string {
	forms := make([]string, len(f.Signatures))
	for i, s := range f.Signatures {
		forms[i] = code(f.Name + s.String())
	}
	return strings.Join(forms, "<br>")
}

func firstExample(f *expr.Function) string {
	if len(f.Examples) == 0 {
		return ""
	}
	e := f.Examples[0]
	return code(e.Expr) + " → " + code(e.Result)
}

// code makes text literal, whatever is in it.
func code(s string) string {
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		s = " " + s + " "
	}
	return fence + cell(s) + fence
}
