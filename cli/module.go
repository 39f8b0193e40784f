package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/project"
)

func newModule(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "module",
		Short:   "Write, build, test and measure behaviours: modules of one's own",
		GroupID: groupWrite,
		Long: `A behaviour is a WebAssembly module that a pipeline runs as a stage of the kind
"wasm": code in Go, Rust, AssemblyScript or C, in a sandbox with limits on time and
memory. docs/BEHAVIOURS.md tells how they are written.

A behaviour's project is a folder: onstream.json, its manifest; sources; and tests
in tests/*.json. A pipeline names the folder, or the file that build makes of it:

  transform "wasm" "score" {
    from   = source.readings
    module = "./behaviours/score"
  }`,
		Example: `  onstream module new behaviours/score --lang go
  onstream module test behaviours/score
  onstream module build behaviours/score -o score.wasm
  onstream module inspect score.wasm`,
	}
	cmd.AddCommand(newModuleNew(c), newModuleBuild(c), newModuleTest(c), newModuleInspect(c), newModuleBench(c))
	return cmd
}

// moduleOf returns the file of a module: the file that is named, or what is built of the folder that is.
func (c *cli) moduleOf(cmd *cobra.Command, path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", invalid(fmt.Errorf("%s: there is no such file or folder: name a module, or the folder of a behaviour", path))
	}
	file, err := c.modules(cmd.Context()).File(cmd.Context(), path)
	return file, buildError(err)
}

// modules says how modules are run, until ctx ends.
func (c *cli) modules(ctx context.Context) wasm.Config {
	return wasm.Config{
		CacheDir: cacheDir("wasm"), Building: c.building, Context: ctx,
		Unkept: func(why error) (string, error) { return c.unkept.folder(c, why) },
	}
}

// building tells who watches that a module is built, which may take a while.
func (c *cli) building(folder string) {
	if isTerminal(c.stderr) {
		fmt.Fprintf(c.stderr, "building %s\n", folder)
	}
}

// buildError tells what is wrong with a project from what is wrong with where it is built.
func buildError(err error) error {
	var compile *project.CompileError
	var sources *project.SourceError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &compile), errors.As(err, &sources):
		return invalid(err)
	}
	return failed(err)
}
