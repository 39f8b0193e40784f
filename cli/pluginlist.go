package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newPluginList(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls [DIR]",
		Short: "List the plugins of a pipeline",
		Long: `List the plugins that the pipeline in DIR names, or that in the working directory: their
versions, programs and kinds, and whether sha256 says which program it must be. Each
is started, as by validate.

Exits with 1 if one does not start.`,
		Example: `  onstream plugin ls
  onstream plugin ls --output json my-pipeline`,
		Args: cobra.MaximumNArgs(1),
	}
	v := addValues(cmd)
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := "."
		if len(args) > 0 {
			dir = args[0]
		}
		all, _, _, err := c.pluginsOf(cmd.Context(), dir, v)
		if err != nil {
			return err
		}
		if output.value == "json" {
			err = c.writeJSON(all)
		} else {
			err = writePlugins(c.stdout, all)
		}
		if err != nil {
			return err
		}
		return notStarted(all, output.value == "json")
	}
	return cmd
}

// writePlugins writes a line for each plugin, and one for each of its kinds.
func writePlugins(out io.Writer, all []pluginJSON) error {
	if len(all) == 0 {
		fmt.Fprintln(out, "the pipeline names no plugin")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Name, p.versionText(), p.Source, p.pinText())
		for _, kind := range p.Kinds {
			fmt.Fprintf(w, "  %s\n", kind)
		}
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

func (p pluginJSON) versionText() string {
	switch {
	case p.Error != "":
		return "does not start"
	case p.Version == "":
		return "no version"
	}
	return p.Version
}

func (p pluginJSON) pinText() string {
	if p.Pinned {
		return "pinned"
	}
	return "not pinned"
}

// limitText are the limits of the block, in the order of their names.
func (p pluginJSON) limitText() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(p.Limits)) {
		texts = append(texts, name+" "+p.Limits[name])
	}
	return strings.Join(texts, ", ")
}

// notStarted says which plugins do not start. A program that reads the output knows.
func notStarted(all []pluginJSON, known bool) error {
	var errs []error
	for _, p := range all {
		if p.Error != "" {
			errs = append(errs, fmt.Errorf("plugin %s: %s", p.Name, p.Error))
		}
	}
	if errs == nil {
		return nil
	}
	if known {
		return failed(nil)
	}
	return failed(errors.Join(errs...))
}
