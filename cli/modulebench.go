package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/golden"
)

// benchTime is how long a module is given batches of one size.
const benchTime = 500 * time.Millisecond

func newModuleBench(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench DIR|FILE.wasm [TESTS]",
		Short: "Measure what a module takes for a record",
		Long: `Give a module batches of records, and tell how many ns a record takes: with all that
the host does for it, with its limits, and the metering that keeps them. The smaller
the batches, the more the call itself counts; batches in a pipeline are what a source
brings at once.

The records are those of TESTS, a file of golden rows, over and over, or made-up
readings of a hundred devices: {"device":"device-07","pressure":1007,
"temperature":20.875,"ts":"2026-01-01T00:00:07Z"}. A module with parameters that have no
default, or that wants grants, needs TESTS.

On a machine that does other work as well, take the best of several runs.`,
		Example: `  onstream module bench score.wasm
  onstream module bench behaviours/score behaviours/score/tests/readings.json`,
		Args: cobra.RangeArgs(1, 2),
	}
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		module, err := c.moduleOf(cmd, args[0])
		if err != nil {
			return err
		}
		rows, err := benchRows(module, args)
		if err != nil {
			return err
		}
		var all []benchJSON
		for _, n := range []int{1, 16, 256, 4096} {
			m, err := golden.Bench(cmd.Context(), golden.Config{Module: module, CacheDir: cacheDir("wasm")}, rows, n, benchTime)
			if err != nil {
				return invalid(err)
			}
			all = append(all, benchJSON{m.Rows, m.Records, m.Failed, float64(m.Spent.Nanoseconds()) / float64(m.Records)})
		}
		if output.value == "json" {
			return c.writeJSON(all)
		}
		return writeBench(c.stdout, args[0], rows.Name(), all)
	}
	return cmd
}

// benchRows returns what a module is measured with.
func benchRows(module string, args []string) (*golden.File, error) {
	if len(args) > 1 {
		f, err := golden.Read(args[1])
		if err != nil {
			return nil, invalid(err)
		}
		return f, nil
	}
	data, err := wasm.Read(module)
	if err != nil {
		return nil, invalid(err)
	}
	d, err := wasm.Inspect(data, "")
	if err != nil {
		return nil, invalid(fmt.Errorf("%s: %w", module, err))
	}
	f, err := golden.Generated(d.Manifest)
	if err != nil {
		return nil, failed(err)
	}
	return f, nil
}

// benchJSON is what was measured with batches of one size.
type benchJSON struct {
	Rows    int     `json:"rows"`
	Records int64   `json:"records"`
	Failed  int64   `json:"failed"`
	NS      float64 `json:"ns_per_record"`
}

func writeBench(out io.Writer, module, rows string, all []benchJSON) error {
	fmt.Fprintf(out, "%s, on %s\n\n", module, rows)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "rows\tns a record\trecords a second\tfailed\t\n")
	for _, m := range all {
		fmt.Fprintf(w, "%d\t%.0f\t%s\t%.0f %%\t\n", m.Rows, m.NS, count(int64(1e9/m.NS)), 100*float64(m.Failed)/float64(max(1, m.Records)))
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}
