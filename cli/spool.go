package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime/spool"
)

func newSpool(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "spool",
		Short:   "Look at and repair what sources have put on disk",
		GroupID: groupRun,
		Long: `A source that cannot read its input again, such as http, keeps what it takes in a
spool: a log in the state directory, DIR/PIPELINE/spool/SOURCE. A record is
accepted when it is safe there, and removed when a checkpoint covers it.`,
	}
	cmd.AddCommand(newSpoolInspect(c), newSpoolRepair(c))
	return cmd
}

func newSpoolRepair(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repair DIR --truncate-at FILE:OFFSET",
		Short: "Give up the damaged part of a spool",
		Long: `Cut off what stands in FILE from OFFSET on; onstream spool inspect tells both. At
offset 0 the whole file is given up, also where it is missing. Entries in later
files are kept, and the pipeline goes on with them. What is cut off is lost:
copy the folder first.

The pipeline must not run meanwhile.`,
		Example: `  onstream spool repair state/fleet/spool/ingest --truncate-at 00000000000000000001.log:4711`,
		Args:    cobra.ExactArgs(1),
	}
	at := cmd.Flags().String("truncate-at", "", "the place from which on a file is given up, as `FILE:OFFSET`")
	// The only error is that the flag does not exist.
	_ = cmd.MarkFlagRequired("truncate-at")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		file, number, ok := strings.Cut(*at, ":")
		offset, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || offset < 0 {
			return invalid(fmt.Errorf("%q is no place: write --truncate-at FILE:OFFSET, as onstream spool inspect tells it", *at))
		}
		lost, err := spool.Repair(args[0], file, offset)
		if err != nil {
			return failed(err)
		}
		if lost.From == lost.To {
			fmt.Fprintf(c.stdout, "%s is cut at offset %d; no entry that was acknowledged is lost\n", file, offset)
		} else {
			fmt.Fprintf(c.stdout, "%s is cut at offset %d; entries %d to %d are lost\n", file, offset, lost.From, lost.To-1)
		}
		return nil
	}
	return cmd
}
