package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/cmd/onstream/reference"
	"github.com/onstream/onstream/dsl/expr"
)

//go:generate go run . docs ../../docs/LANGUAGE.md

// newDocs is for those who work on onstream: it is not shown.
func newDocs(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:    "docs FILE",
		Short:  "Write the generated parts of the language reference",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		doc, err := os.ReadFile(args[0])
		if err != nil {
			return invalid(err)
		}
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		updated, err := reference.Update(doc, r, expr.Functions())
		if err != nil {
			return invalid(fmt.Errorf("%s: %w", args[0], err))
		}
		if bytes.Equal(doc, updated) {
			return nil
		}
		return replace(args[0], updated)
	}
	return cmd
}
