package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
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

What goes with the partitions of a topic is in a log on the bus, too, and would
come back from there. With --pipeline, it is forgotten on the bus that the files
in DIR name; no process of the group may run meanwhile, and others that have kept
something of the topic are to be reset as well. With --local, it is forgotten
here only: where the bus is another one by now.

Where the bus still has the group of a source, it goes on from there all the same,
and does not bring again what the group has read; otherwise it begins where its
start says. What is to be counted again from the oldest record needs another group
= "NAME" in the source, or the group removed with the tools of the bus.

There is no way back; onstream state export saves what is stored before.`,
		Example: `  onstream state reset /var/lib/onstream/fleet transform.hourly
  onstream state reset --pipeline my-fleet /var/lib/onstream/fleet source.readings transform.total
  onstream state reset --all /var/lib/onstream/fleet`,
		Args: cobra.MinimumNArgs(1),
	}
	v := addValues(cmd)
	all := cmd.Flags().Bool("all", false, "forget everything")
	files := cmd.Flags().String("pipeline", "", "forget it also on the bus that the pipeline in `DIR` names")
	local := cmd.Flags().Bool("local", false, "leave what a bus has of it")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, pipeline, err := state.Locate(args[0])
		if err != nil {
			return invalid(err)
		}
		if *all == (len(args) > 1) {
			return invalid(errors.New("name the stages to reset, or use --all; onstream state list DIR shows them"))
		}
		if *local && *files != "" {
			return invalid(errors.New("--pipeline forgets it on the bus as well, and --local here only: leave one of them out"))
		}
		r := &reset{cli: c, dir: dir, pipeline: pipeline, addrs: args[1:], files: *files, values: v, local: *local}
		if *all {
			return r.everything()
		}
		return r.stages()
	}
	return cmd
}

// reset is what is to be forgotten of a pipeline.
type reset struct {
	*cli
	dir, pipeline string
	addrs         []string
	files         string // of the pipeline, "" for none
	values        *values
	local         bool
}

func (r *reset) everything() error {
	claims, err := r.claims()
	switch {
	case err == nil:
		if err := r.forgetLogs(claims, slices.Sorted(maps.Keys(claims))); err != nil {
			return err
		}
	case r.files != "":
		return failed(fmt.Errorf("it cannot be read which partitions are to be forgotten on the bus (%w); without --pipeline, what is stored here is forgotten", err))
	case !errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(r.stderr, "what is stored cannot be read, and so not whether a bus has a log of what goes with partitions: where one has, that comes back from there when the pipeline runs again")
	}
	if err := state.Remove(r.dir, r.pipeline); err != nil {
		return failed(err)
	}
	fmt.Fprintf(r.stdout, "forgot all that %s has stored\n", r.pipeline)
	r.tellBeginnings(claims, slices.Sorted(maps.Keys(claims)))
	return nil
}

// claims returns what is stored, by address.
func (r *reset) claims() (map[string]string, error) {
	s, err := state.Open(r.dir, r.pipeline, state.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	return s.Stages(), s.Close()
}

func (r *reset) stages() error {
	x, err := describeStore(r.dir, r.pipeline)
	if err != nil {
		return failed(err)
	}
	stages, claims := map[string]storeStageJSON{}, map[string]string{}
	for _, st := range x.Stages {
		claims[st.Stage] = st.Shape
		addr := stageOf(st.Stage)
		sum := stages[addr]
		if strings.HasPrefix(addr, string(graph.Source)+".") {
			st.Keys = 0 // which commit of a log the copy is of
		}
		sum.Keys, sum.Outbox, sum.Positions = sum.Keys+st.Keys, sum.Outbox+st.Outbox, append(sum.Positions, st.Positions...)
		stages[addr] = sum
	}
	for _, addr := range r.addrs {
		if _, ok := stages[addr]; !ok {
			return invalid(fmt.Errorf("nothing is stored for %s; there is something for %s", addr, strings.Join(slices.Sorted(maps.Keys(stages)), ", ")))
		}
	}
	if err := r.forgetLogs(claims, r.addrs); err != nil {
		return err
	}
	s, err := state.Open(r.dir, r.pipeline, state.Options{})
	if err != nil {
		return failed(err)
	}
	forget := s.Begin()
	for _, addr := range r.addrs {
		forget.Forget(addr)
	}
	if err := errors.Join(forget.Write(time.Now(), true), s.Close()); err != nil {
		return failed(err)
	}
	for _, addr := range r.addrs {
		st := stages[addr]
		fmt.Fprintf(r.stdout, "forgot %s: %s, %s, %s\n", addr,
			plural(int(st.Keys), "key"), plural(len(st.Positions), "position"), plural(int(st.Outbox), "parcel"))
	}
	r.tellBeginnings(claims, r.addrs)
	return nil
}

// flag is the one that says where to forget what a bus has a log of.
func (r *reset) flag() string {
	if r.local {
		return "--local"
	}
	return "--pipeline " + cmp.Or(r.files, "DIR")
}

// tellBeginnings tells where sources over a bus begin when what is stored of them is
// forgotten.
func (r *reset) tellBeginnings(claims map[string]string, addrs []string) {
	for _, addr := range addrs {
		if strings.HasPrefix(addr, string(graph.Source)+".") && strings.Contains(claims[addr], " over ") {
			fmt.Fprintf(r.stderr, "%s: where the bus still has its group, it goes on from there, and what was read does not come again; otherwise it begins where start says. To read all again, give the source another group\n", addr)
		}
	}
}

// forgetLogs forgets what buses have of what is stored at addresses, or says why
// that is to be done first.
func (r *reset) forgetLogs(claims map[string]string, addrs []string) error {
	logged := runtime.InLogs(claims)
	var sources []string
	for _, addr := range addrs {
		together := runtime.Together(addr, claims)
		if missing := slices.ContainsFunc(together, func(a string) bool { return !slices.Contains(addrs, a) }); missing {
			return invalid(fmt.Errorf("%s goes with partitions of which the bus has a log, and is forgotten together with all that does: onstream state reset %s %s %s",
				addr, r.flag(), state.Folder(r.dir, r.pipeline), strings.Join(together, " ")))
		}
		if logged[addr] != nil {
			sources = append(sources, addr)
		}
	}
	switch {
	case r.local || len(sources) == 0:
		return nil
	case r.files == "":
		return invalid(fmt.Errorf("%s: what goes with its partitions is in a log on the bus, too, and would come back from there: --pipeline DIR, with the pipeline's files, forgets it there as well; --local forgets it here only, which is right where the bus is another one by now",
			strings.Join(sources, ", ")))
	}
	return r.onBus(sources, claims)
}
