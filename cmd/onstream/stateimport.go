package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime/state"
)

func newStateImport(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import DIR/PIPELINE FILE",
		Short: "Store what onstream state export has written",
		Long: `Store for a pipeline what onstream state export has written to FILE; - is standard
input. The pipeline need not be the one it was exported from: what counts are
the addresses of its stages. Nothing is changed unless all of the file is there
and its checksum is right.`,
		Example: `  onstream state import /var/lib/onstream/fleet fleet.ndjson
  onstream state import --replace /var/lib/onstream/fleet fleet.ndjson`,
		Args: cobra.ExactArgs(2),
	}
	replace := cmd.Flags().Bool("replace", false, "forget what is stored there")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, pipeline, err := state.Locate(args[0])
		if err != nil {
			return invalid(err)
		}
		in := c.stdin
		if args[1] != "-" {
			f, err := os.Open(args[1])
			if err != nil {
				return failed(err)
			}
			defer f.Close()
			in = f
		}
		return c.importState(dir, pipeline, in, *replace)
	}
	return cmd
}

func (c *cli) importState(dir, pipeline string, in io.Reader, replace bool) error {
	show, end := c.counter("importing")
	var lines int64
	err := state.Import(dir, pipeline, in, state.ImportOptions{Replace: replace, Progress: func(n int64) {
		lines = n
		show(n)
	}})
	end()
	if err != nil {
		return failed(err)
	}
	fmt.Fprintf(c.stderr, "onstream: imported %s\n", plural(int(lines+1), "line"))
	return nil
}
