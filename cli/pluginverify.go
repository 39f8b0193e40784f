package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
)

func newPluginVerify(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Verify the plugins of a pipeline, and print the digests to pin",
		Long: `Verify each plugin that the pipeline in DIR names, or that in the working directory: its
program has the digest that sha256 says, starts, speaks the protocol, and offers kinds
that are well formed and clash with no others. Of one that is not pinned, the line to
write into its block is printed.

Exits with 1 if a plugin fails or, with --pinned, if one is not pinned, and with 2 if
the files are wrong.`,
		Example: `  onstream plugin verify my-pipeline
  onstream plugin verify --pinned my-pipeline     as a check before it is shipped`,
		Args: cobra.MaximumNArgs(1),
	}
	v := addValues(cmd)
	pinned := cmd.Flags().Bool("pinned", false, "also fail where sha256 is missing")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := "."
		if len(args) > 0 {
			dir = args[0]
		}
		all, blocks, _, err := c.pluginsOf(cmd.Context(), dir, v)
		if err != nil {
			return err
		}
		for i := range all {
			if *pinned && all[i].Error == "" && !all[i].Pinned {
				all[i].Error = fmt.Sprintf("it is not pinned: write sha256 = %q into its block", all[i].SHA256)
			}
		}
		if output.value == "json" {
			if err := c.writeJSON(all); err != nil {
				return err
			}
			return notStarted(all, true)
		}
		c.writeVerified(all, blocks)
		return notStarted(all, false)
	}
	return cmd
}

// writeVerified tells which plugins are well, and what is to be pinned.
func (c *cli) writeVerified(all []pluginJSON, blocks []dsl.Plugin) {
	if len(all) == 0 {
		fmt.Fprintln(c.stdout, "the pipeline names no plugin")
	}
	for i, p := range all {
		if p.Error != "" {
			continue
		}
		fmt.Fprintf(c.stdout, "%s: ok, %s, %s, %s\n", p.Name, p.versionText(), plural(len(p.Kinds), "kind"), p.pinText())
		if !p.Pinned {
			fmt.Fprintf(c.stdout, "  %s:%d: sha256 = %q\n", blocks[i].Pos.File, blocks[i].Pos.Line, p.SHA256)
		}
	}
}
