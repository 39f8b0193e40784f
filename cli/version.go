package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

type versionInfo struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		GroupID: groupLearn,
		Args:    cobra.NoArgs,
		Example: `  onstream version
  onstream version --output json`,
	}
	output := addOutput(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		v := versionInfo{c.config.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
		if output.value == "json" {
			return c.writeJSON(v)
		}
		fmt.Fprintf(c.stdout, "%s %s (%s, %s)\n", c.config.Name, v.Version, v.Go, v.Platform)
		return nil
	}
	return cmd
}
