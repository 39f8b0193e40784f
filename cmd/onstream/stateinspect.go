package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime/state"
)

func newStateInspect(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect DIR/PIPELINE",
		Short: "Show what the stages of a pipeline keep by key",
		Long: `Show rows of state: the stage, the space (a stage keeps different things in
different spaces), the key, and the value in hexadecimal digits, of which a text
shows the first 32 bytes and JSON shows all.`,
		Example: `  onstream state inspect /var/lib/onstream/fleet
  onstream state inspect --stage transform.hourly --key pump-7 /var/lib/onstream/fleet`,
		Args: cobra.ExactArgs(1),
	}
	stage := cmd.Flags().String("stage", "", "only that of the stage `ADDR`")
	key := cmd.Flags().String("key", "", "only that of the key `K`")
	limit := cmd.Flags().Int("limit", 20, "show at most `N` rows; 0 for all")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		s, _, err := c.openState(args[0])
		if err != nil {
			return err
		}
		defer s.Close()
		rows, more, err := stateRows(s, *stage, *limit, func(r state.Row) bool {
			return !cmd.Flags().Changed("key") || matchesKey(r.Key, *key)
		})
		if err != nil {
			return err
		}
		if c.asJSON {
			return c.writeJSON(rows)
		}
		return c.writeStateRows(rows, more)
	}
	return cmd
}

type stateRowJSON struct {
	Stage string `json:"stage"`
	Space byte   `json:"space"`
	Group byte   `json:"group"`
	Key   string `json:"key"`   // JSON of the value, or 0x and hexadecimal digits
	Value string `json:"value"` // hexadecimal digits
}

var errEnough = errors.New("enough rows")

// stateRows returns rows of a stage, or of all, and whether there are more.
func stateRows(s *state.Store, stage string, limit int, wanted func(state.Row) bool) (rows []stateRowJSON, more bool, err error) {
	stages := s.Stages()
	addrs := slices.Sorted(maps.Keys(stages))
	if stage != "" {
		if _, ok := stages[stage]; !ok {
			return nil, false, invalid(fmt.Errorf("nothing is stored for %s; there is something for %s", stage, strings.Join(addrs, ", ")))
		}
		addrs = []string{stage}
	}
	rows = []stateRowJSON{}
	for _, addr := range addrs {
		err := s.Rows(addr, func(r state.Row) error {
			if !wanted(r) {
				return nil
			}
			if limit > 0 && len(rows) == limit {
				return errEnough
			}
			rows = append(rows, stateRowJSON{addr, r.Space, r.Group, keyText(r.Key), hex.EncodeToString(r.Value)})
			return nil
		})
		if errors.Is(err, errEnough) {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, failed(err)
		}
	}
	return rows, false, nil
}

// shownDigits is how much of a value is shown to people.
const shownDigits = 64

func (c *cli) writeStateRows(rows []stateRowJSON, more bool) error {
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		value := r.Value
		if len(value) > shownDigits {
			value = value[:shownDigits] + "..."
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s (%s)\n", r.Stage, r.Space, r.Key, value, plural(len(r.Value)/2, "byte"))
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	switch {
	case more:
		fmt.Fprintln(c.stderr, "onstream: there is more; --limit 0 shows all")
	case len(rows) == 0:
		fmt.Fprintln(c.stderr, "onstream: no such row is stored")
	}
	return nil
}
