package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/plugins/remote/project"
)

func newPluginNew(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Begin a plugin",
		Long: `Make a folder with a plugin that works: a source, a transform and a sink, a pipeline
that uses them, tests, and a README that tells how it is built and run.`,
		Example: `  onstream plugin new plugins/acme --lang go
  onstream plugin new plugins/acme --lang python`,
		Args: cobra.ExactArgs(1),
	}
	var names []string
	for _, l := range project.Languages() {
		names = append(names, string(l))
	}
	lang := addChoice(cmd, "lang", "language of the sources", names...)
	name := cmd.Flags().String("name", "", "call the plugin `NAME`; the default is the name of the folder")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := filepath.Clean(args[0])
		if err := project.New(dir, project.Language(lang.value), *name); err != nil {
			return invalid(err)
		}
		fmt.Fprintln(c.stdout, dir)
		fmt.Fprintf(c.stderr, "how to build and run it: %s\n", filepath.Join(dir, "README.md"))
		return nil
	}
	return cmd
}
