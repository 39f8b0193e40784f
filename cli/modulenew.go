package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/wasm/project"
)

func newModuleNew(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Begin a behaviour",
		Long: `Make a folder with a behaviour that works: sources, manifest, a test, a README, and
the SDK. Its name is that of the folder. It is built offline, with nothing but
the compiler of its language; onstream module build --help tells which.`,
		Example: `  onstream module new behaviours/score --lang go
  onstream module new behaviours/score --lang rust`,
		Args: cobra.ExactArgs(1),
	}
	var names []string
	for _, l := range project.Languages() {
		names = append(names, string(l))
	}
	lang := addChoice(cmd, "lang", "language of the sources", names...)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := filepath.Clean(args[0])
		made, err := project.New(dir, project.Language(lang.value))
		if err != nil {
			return invalid(err)
		}
		for _, name := range made {
			fmt.Fprintln(c.stdout, filepath.Join(dir, filepath.FromSlash(name)))
		}
		fmt.Fprintf(c.stderr, "try it: %s module test %s\n", c.config.Name, dir)
		return nil
	}
	return cmd
}
