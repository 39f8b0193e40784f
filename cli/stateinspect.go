package cli

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/state"
)

func newStateInspect(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect DIR/PIPELINE",
		Short: "Show what the stages of a pipeline keep by key",
		Long: `Show rows of state: the stage, the space (a stage keeps the values of its keys in
space 1 and other things, such as timers, in others), the key, and the value.

What a stage keeps by the partitions of a topic is at ADDR@TOPIC/N.

Keys are shown as in JSON. Values are shown with their fields, where what is
stored tells them: of reduce the fields of its state; of dedupe when the key last
passed; of absence whether it is absent, and since when; of detect the records
that its pattern has kept; of join the rows that wait for partners, or that of
the table; of window its open windows, without their results; of wasm what the module
keeps of the key: its timers, and its values, each with its name and the number of its
space (0 is the first of state.spaces in the module's manifest) as "text", or as
"base64" where it is not UTF-8. What cannot be shown so is shown in hexadecimal
digits, of which a text has the first 32 bytes. JSON has the digits of all values, and
their fields as "shown".`,
		Example: `  onstream state inspect /var/lib/onstream/fleet
  onstream state inspect --stage transform.hourly --key pump-7 /var/lib/onstream/fleet`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one folder DIR/PIPELINE; --stage ADDR shows only what one stage keeps")
			}
			return nil
		},
	}
	stage := cmd.Flags().String("stage", "", "only that of the stage `ADDR`, or ADDR@TOPIC/N for one partition")
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
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		rows, more, err := stateRows(s, r, *stage, *limit, func(r state.Row) bool {
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
	// Shown is the value by its fields, where it can be.
	Shown json.RawMessage `json:"shown,omitempty"`
}

var errEnough = errors.New("enough rows")

// stateRows returns rows of a stage, or of all, and whether there are more.
func stateRows(s *state.Store, reg *plugins.Registry, stage string, limit int, wanted func(state.Row) bool) (rows []stateRowJSON, more bool, err error) {
	stages := s.Stages()
	all := slices.Sorted(maps.Keys(stages))
	addrs := slices.DeleteFunc(slices.Clone(all), func(addr string) bool {
		return stage != "" && stage != addr && stage != stageOf(addr)
	})
	if len(addrs) == 0 && stage != "" {
		return nil, false, invalid(fmt.Errorf("nothing is stored for %s; there is something for %s", stage, strings.Join(all, ", ")))
	}
	rows = []stateRowJSON{}
	for _, addr := range addrs {
		show := shower(reg, stages[stageOf(addr)])
		err := s.Rows(addr, func(r state.Row) error {
			if !wanted(r) {
				return nil
			}
			if limit > 0 && len(rows) == limit {
				return errEnough
			}
			rows = append(rows, stateRowJSON{addr, r.Space, r.Group, keyText(r.Key), hex.EncodeToString(r.Value), show(r)})
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

// shower returns what shows the values of a stage with a claim (see
// [graph.Graph.Claims]) by their fields; it returns nil for those that it cannot.
func shower(r *plugins.Registry, claim string) func(state.Row) []byte {
	shape, _ := graph.CutDivision(claim)
	name, what, _ := strings.Cut(shape, ": ")
	kind, _ := r.Transform(name)
	return func(row state.Row) []byte {
		if kind.StateJSON == nil || row.Space != plugins.KeySpace {
			return nil
		}
		shown := kind.StateJSON(what, row.Value)
		if !json.Valid(shown) { // it cannot be read, or was not written by this kind
			return nil
		}
		return shown
	}
}

// shownDigits is how much of a value is shown to people.
const shownDigits = 64

func (c *cli) writeStateRows(rows []stateRowJSON, more bool) error {
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		value := string(r.Shown)
		if r.Shown == nil {
			value = r.Value
			if len(value) > shownDigits {
				value = value[:shownDigits] + "..."
			}
			value = fmt.Sprintf("%s (%s)", value, plural(len(r.Value)/2, "byte"))
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", r.Stage, r.Space, r.Key, value)
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
