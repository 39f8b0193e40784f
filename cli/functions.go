package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl/expr"
)

func newFunctions(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "functions [NAME]",
		Short:   "Tell what the functions of expressions do",
		GroupID: groupLearn,
		Long: `List the functions that expressions may use or, with a NAME, tell all about one
of them. A NAME that ends in :: is a namespace; agg:: are those that aggregate
the records of a window.`,
		Example: `  onstream functions
  onstream functions time::format
  onstream functions geo::`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeFunctions,
	}
	output := addOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		chosen := allFunctions()
		if len(args) == 1 {
			var err error
			if chosen, err = functionsNamed(args[0]); err != nil {
				return invalid(err)
			}
		}
		switch {
		case output.value == "json":
			return c.writeJSON(chosen)
		case len(args) == 1 && len(chosen) == 1:
			writeFunction(c.stdout, chosen[0])
			return nil
		default:
			return writeFunctionList(c.stdout, chosen)
		}
	}
	return cmd
}

func completeFunctions(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, f := range allFunctions() {
		names = append(names, cobra.CompletionWithDesc(f.Name, f.Doc))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// functionsNamed finds a function, or those of a namespace.
func functionsNamed(name string) ([]function, error) {
	var found []function
	var names []string
	for _, f := range allFunctions() {
		names = append(names, f.Name)
		if f.Name == name || strings.HasSuffix(name, "::") && strings.HasPrefix(f.Name, name) {
			found = append(found, f)
		}
	}
	if found != nil {
		return found, nil
	}
	if near, ok := expr.Suggest(name, names); ok {
		return nil, fmt.Errorf("there is no function %s; did you mean %s?", name, near)
	}
	// The name may be right in another namespace.
	if i := slices.IndexFunc(names, func(n string) bool { return strings.HasSuffix(n, "::"+name) }); i >= 0 {
		return nil, fmt.Errorf("there is no function %s; did you mean %s?", name, names[i])
	}
	return nil, fmt.Errorf("there is no function %s; onstream functions lists all", name)
}

// writeFunctionList writes a line for each function, by category.
func writeFunctionList(out io.Writer, functions []function) error {
	var categories []string
	for _, f := range functions {
		if !slices.Contains(categories, f.Category) {
			categories = append(categories, f.Category)
		}
	}
	slices.Sort(categories)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, category := range categories {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, category)
		for _, f := range functions {
			if f.Category == category {
				fmt.Fprintf(w, "  %s\t%s\n", f.Name, f.Doc)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

func writeFunction(w io.Writer, f function) {
	for _, s := range f.Signatures {
		fmt.Fprintln(w, s)
	}
	fmt.Fprintf(w, "\n  %s\n", f.Doc)
	if len(f.notes) > 0 {
		fmt.Fprintf(w, "  %s\n", strings.Join(f.notes, " "))
	}
	fmt.Fprintln(w)
	for _, e := range f.Examples {
		if e.Result == "" {
			fmt.Fprintf(w, "  %s\n", e.Expr)
			continue
		}
		fmt.Fprintf(w, "  %s → %s\n", e.Expr, e.Result)
	}
}
