package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/project"
)

func newModuleBuild(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Make a module of a project",
		Long: `Compile the behaviour in DIR, the working directory unless given, with the compiler
of its language that is installed here, and add its manifest, onstream.json. The
result is DIR/NAME.wasm unless -o says otherwise; it needs nothing else to run.

What is needed besides onstream: for Go, Go 1.24; for Rust, rustc with the target
wasm32-unknown-unknown, and lld; for AssemblyScript, Node.js and assemblyscript from
npm; for C, clang and lld. What is missing is told.

Exits with 2 if the sources or the manifest are wrong.`,
		Example: `  onstream module build behaviours/score
  onstream module build behaviours/score -o score.wasm`,
		Args: cobra.MaximumNArgs(1),
	}
	out := cmd.Flags().StringP("out", "o", "", "write the module to `FILE`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := "."
		if len(args) > 0 {
			dir = args[0]
		}
		p, err := project.Read(dir)
		if err != nil {
			return invalid(err)
		}
		file := *out
		if file == "" {
			file = filepath.Join(dir, p.Name()+".wasm")
		}
		c.building(dir)
		if err := p.Build(cmd.Context(), file); err != nil {
			return buildError(err)
		}
		data, err := wasm.Read(file)
		if err != nil {
			return failed(err)
		}
		d, err := host.Inspect(data)
		if err != nil {
			return failed(err)
		}
		fmt.Fprintf(c.stdout, "%s: %s, from %s, %s bytes, sha256:%x\n", file, named(d.Manifest), p.Language, count(int64(len(data))), d.Digest)
		return nil
	}
	return cmd
}
