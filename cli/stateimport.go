package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
	"github.com/onstream/onstream/runtime/state"
)

func newStateImport(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import DIR/PIPELINE FILE",
		Short: "Store what onstream state export has written",
		Long: `Store for a pipeline what onstream state export has written to FILE; - is standard
input. The pipeline need not be the one it was exported from: what counts are
the addresses of its stages. Nothing is changed unless all of the file is there
and its checksum is right.

Records in a spool are not part of an export. Where the spool of a source is not
the one that it was exported with, the source begins with what its own one holds,
and the command says so.`,
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
	foreign := foreignSpools{folder: state.Folder(dir, pipeline)}
	err := state.Import(dir, pipeline, in, state.ImportOptions{
		Replace:  replace,
		LeaveOut: foreign.leaveOut,
		Progress: func(n int64) {
			lines = n
			show(n)
		},
	})
	end()
	if err != nil {
		return failed(err)
	}
	fmt.Fprintf(c.stderr, "onstream: imported %s\n", plural(int(lines+1), "line"))
	for _, addr := range foreign.sources {
		fmt.Fprintf(c.stderr, "onstream: %s has a spool, and what it has read of that is left out: its spool here is another one, and it begins with what that holds\n", addr)
	}
	return nil
}

// foreignSpools finds the positions that are of spools which are not in the
// folder of a pipeline.
type foreignSpools struct {
	folder  string
	sources []string // of which there are such, of a spool
}

func (f *foreignSpools) leaveOut(addr string, p plugins.Partition, at plugins.Position) bool {
	name, isSource := strings.CutPrefix(addr, string(graph.Source)+".")
	switch {
	case !isSource:
		return false
	case strings.HasPrefix(p.Name, spool.ReplayPrefix): // of a replay that was there is nothing to tell
		return spool.Replayed(filepath.Join(f.folder, "replay", name), p)
	case spool.IsForeign(filepath.Join(f.folder, "spool", name), p, at):
		f.sources = append(f.sources, addr)
		return true
	}
	return false
}
