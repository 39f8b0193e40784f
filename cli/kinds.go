package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/dsl/expr"
)

func newKinds(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "kinds [ROLE] [NAME]",
		Short:   "Tell what kinds of stages there are, and what they take",
		GroupID: groupLearn,
		Long: `List the kinds of connections, sources, transforms, look-ups and sinks, the
formats and the functions that aggregate or, with a NAME, tell all about one of
them: its attributes with their types and defaults, what its expressions may
refer to, and an example. A ROLE, such as sink, leaves out the others.`,
		Example: `  onstream kinds
  onstream kinds window
  onstream kinds sink file`,
		Args: cobra.MaximumNArgs(2),
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return c.completeKinds(args), cobra.ShellCompDirectiveNoFileComp
	}
	output := addOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		chosen, named, err := kindsNamed(reference.Kinds(r), args)
		switch {
		case err != nil:
			return invalid(err)
		case output.value == "json":
			return c.writeJSON(chosen)
		case named:
			return writeKinds(c.stdout, width(c.stdout), chosen)
		default:
			return writeKindList(c.stdout, chosen)
		}
	}
	return cmd
}

// kindsNamed finds the kinds of a role, those with a name, or both. Named says
// that there was a name.
func kindsNamed(kinds []reference.Kind, args []string) (chosen []reference.Kind, named bool, err error) {
	var roles []string
	for _, role := range reference.Roles() {
		roles = append(roles, string(role))
	}
	what := "kind"
	if len(args) > 0 && slices.Contains(roles, args[0]) {
		what = args[0] + " kind"
		kinds = slices.DeleteFunc(kinds, func(k reference.Kind) bool { return string(k.Role) != args[0] })
		args = args[1:]
	} else if len(args) == 2 {
		return nil, false, fmt.Errorf("there is no role %q; use one of %s", args[0], strings.Join(roles, ", "))
	}
	if len(args) == 0 {
		return kinds, false, nil
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
		if k.Name == args[0] {
			chosen = append(chosen, k)
		}
	}
	if chosen != nil {
		return chosen, true, nil
	}
	if near, ok := expr.Suggest(args[0], append(names, roles...)); ok {
		return nil, false, fmt.Errorf("there is no %s %q; did you mean %q?", what, args[0], near)
	}
	return nil, false, fmt.Errorf("there is no %s %q; onstream kinds lists all", what, args[0])
}

func (c *cli) completeKinds(args []string) []cobra.Completion {
	r, err := c.registry(c.stdout)
	if err != nil {
		return nil
	}
	kinds, named, err := kindsNamed(reference.Kinds(r), args)
	if err != nil || named {
		return nil
	}
	var words []cobra.Completion
	for _, k := range kinds {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, k.Name+"\t") }) {
			words = append(words, cobra.CompletionWithDesc(k.Name, firstSentence(k.Doc)))
		}
	}
	if len(args) == 0 {
		for _, role := range reference.Roles() {
			words = append(words, string(role))
		}
	}
	return words
}
