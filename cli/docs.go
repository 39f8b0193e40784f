package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

//go:generate go run ../cmd/onstream docs ../docs

// newDocs is for those who work on onstream: it is not shown.
func newDocs(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:    "docs DIR",
		Short:  "Write the generated parts of the documentation",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		for name, sections := range generated(r) {
			if err := updateDoc(filepath.Join(args[0], name), sections); err != nil {
				return invalid(err)
			}
		}
		return nil
	}
	return cmd
}

// generated returns the sections of documents that the program writes, by file.
func generated(r *plugins.Registry) map[string]map[string]string {
	return map[string]map[string]string{
		"LANGUAGE.md":   reference.Language(r, expr.Functions()),
		"CONNECTORS.md": reference.Connectors(r),
	}
}

func updateDoc(name string, sections map[string]string) error {
	doc, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	updated, err := reference.Update(doc, sections)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if bytes.Equal(doc, updated) {
		return nil
	}
	return replace(name, updated)
}
