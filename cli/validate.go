package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
)

// verdict is what validate says of one pipeline, for a program.
type verdict struct {
	Path        string           `json:"path"`
	Valid       bool             `json:"valid"`
	Diagnostics []dsl.Diagnostic `json:"diagnostics"`
}

func newValidate(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "validate DIR...",
		Short:   "Check pipelines without running them",
		GroupID: groupWrite,
		Long: `Check everything that can be known without running: syntax, names, types,
references, cycles, the attributes of every stage and every expression.

Nothing outside the pipeline's directory is read: variables without a value,
env(), file() and secret() count as values that are not known yet. Folders of
behaviours are built, unless they have not changed since (see onstream module).

Exits with 2 if a pipeline has errors. Warnings do not count.`,
		Example: `  onstream validate examples/quickstart
  onstream validate --output json my-pipeline`,
		Args: cobra.MinimumNArgs(1),
	}
	v := addValues(cmd)
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, dirs []string) error {
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		o := v.options(c)
		o.CheckOnly = true
		var verdicts []verdict
		valid := true
		for _, dir := range dirs {
			l := c.open(cmd.Context(), dir, r, o)
			valid = valid && l.valid
			verdicts = append(verdicts, verdict{dir, l.valid, l.diagnostics})
			if output.value == "json" {
				continue
			}
			if err := c.tell(l); err != nil {
				return err
			}
			if l.valid {
				fmt.Fprintf(c.stdout, "%s: valid, %d stages\n", dir, len(l.pipeline.Graph.Stages))
			}
		}
		if output.value == "json" {
			if err := c.writeJSON(verdicts); err != nil {
				return err
			}
		}
		if !valid {
			return invalid(nil)
		}
		return nil
	}
	return cmd
}
