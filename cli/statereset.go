package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime/state"
)

func newStateReset(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset DIR/PIPELINE [ADDR...]",
		Short: "Forget what a pipeline, or some of its stages, have stored",
		Long: `Forget what is stored for the stages ADDR: the positions of a source, which then
starts as if for the first time; what a transform keeps; what waits for a sink,
which is then lost. With --all, forget everything, also what is damaged; records
in a spool are kept, and read again.

There is no way back; onstream state export saves what is stored before.`,
		Example: `  onstream state reset /var/lib/onstream/fleet transform.hourly
  onstream state reset --all /var/lib/onstream/fleet`,
		Args: cobra.MinimumNArgs(1),
	}
	all := cmd.Flags().Bool("all", false, "forget everything")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, pipeline, err := state.Locate(args[0])
		switch addrs := args[1:]; {
		case err != nil:
			return invalid(err)
		case *all == (len(addrs) > 0):
			return invalid(errors.New("name the stages to reset, or use --all; onstream state list DIR shows them"))
		case *all:
			if err := state.Remove(dir, pipeline); err != nil {
				return failed(err)
			}
			fmt.Fprintf(c.stdout, "forgot all that %s has stored\n", pipeline)
			return nil
		default:
			return c.resetStages(dir, pipeline, addrs)
		}
	}
	return cmd
}

func (c *cli) resetStages(dir, pipeline string, addrs []string) error {
	x, err := describeStore(dir, pipeline)
	if err != nil {
		return failed(err)
	}
	stages := map[string]storeStageJSON{}
	for _, st := range x.Stages {
		stages[st.Stage] = st
	}
	for _, addr := range addrs {
		if _, ok := stages[addr]; !ok {
			return invalid(fmt.Errorf("nothing is stored for %s; there is something for %s", addr, strings.Join(slices.Sorted(maps.Keys(stages)), ", ")))
		}
	}
	s, err := state.Open(dir, pipeline, state.Options{})
	if err != nil {
		return failed(err)
	}
	forget := s.Begin()
	for _, addr := range addrs {
		forget.Forget(addr)
	}
	if err := errors.Join(forget.Write(time.Now(), true), s.Close()); err != nil {
		return failed(err)
	}
	for _, addr := range addrs {
		st := stages[addr]
		fmt.Fprintf(c.stdout, "forgot %s: %s, %s, %s\n", addr,
			plural(int(st.Keys), "key"), plural(len(st.Positions), "position"), plural(int(st.Outbox), "parcel"))
	}
	return nil
}
