package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

func newStateList(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list DIR",
		Short: "Tell what each pipeline has stored",
		Long: `Tell for each pipeline in the state directory DIR its newest checkpoint and, by
stage, how many keys and bytes it keeps, where each partition of a source goes
on, and how many parcels (batches of records) wait for a sink.

A pipeline that cannot be read is told last, and the exit code is 1.`,
		Example: `  onstream state list /var/lib/onstream
  onstream state list --output json /var/lib/onstream`,
		Args: cobra.ExactArgs(1),
	}
	output := addOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		if err := state.CheckDir(args[0]); err != nil {
			return invalid(err)
		}
		names, err := state.Pipelines(args[0])
		if err != nil {
			return failed(err)
		}
		all := []storeJSON{}
		var unread []error
		for _, name := range names {
			x, err := describeStore(args[0], name)
			if err != nil {
				unread = append(unread, err)
				continue
			}
			all = append(all, x)
		}
		switch {
		case c.asJSON:
			err = c.writeJSON(all)
		case len(names) == 0:
			fmt.Fprintln(c.stdout, "no pipeline has stored anything here")
		default:
			err = writeStores(c.stdout, all, time.Now())
		}
		if err := errors.Join(append(unread, err)...); err != nil {
			return failed(err)
		}
		return nil
	}
	return cmd
}

// storeJSON is what a pipeline has stored.
type storeJSON struct {
	Pipeline   string           `json:"pipeline"`
	Dir        string           `json:"dir"`
	Checkpoint int64            `json:"checkpoint"` // its number; 0 for none
	At         *time.Time       `json:"at,omitempty"`
	Epoch      int64            `json:"epoch"`
	Stages     []storeStageJSON `json:"stages"`
}

type storeStageJSON struct {
	Stage     string              `json:"stage"`
	Shape     string              `json:"shape"` // what must not change while state is kept
	Keys      int64               `json:"keys"`
	Bytes     int64               `json:"bytes"`
	Outbox    int64               `json:"outbox"`
	Positions []storePositionJSON `json:"positions"`
}

type storePositionJSON struct {
	Partition string `json:"partition"`
	ID        int32  `json:"id"`
	Epoch     int64  `json:"epoch"`
	At        string `json:"at"` // text, or 0x and hexadecimal digits
}

func describeStore(dir, pipeline string) (x storeJSON, err error) {
	s, err := state.Open(dir, pipeline, state.Options{ReadOnly: true})
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	last := s.Last()
	x = storeJSON{Pipeline: pipeline, Dir: s.Path(), Checkpoint: last.Number, Epoch: s.Epoch(), Stages: []storeStageJSON{}}
	if last.Number > 0 {
		x.At = &last.At
	}
	shapes := s.Stages()
	for _, addr := range slices.Sorted(maps.Keys(shapes)) {
		st, err := describeStage(s, addr)
		if err != nil {
			return x, err
		}
		st.Shape = shapes[addr]
		x.Stages = append(x.Stages, st)
	}
	return x, nil
}

func describeStage(s *state.Store, addr string) (storeStageJSON, error) {
	x := storeStageJSON{Stage: addr, Positions: []storePositionJSON{}}
	err := s.Rows(addr, func(r state.Row) error {
		if r.Space == plugins.KeySpace {
			x.Keys++
		}
		x.Bytes += int64(len(r.Key) + len(r.Value))
		return nil
	})
	if err != nil {
		return x, err
	}
	err = s.Outbox(addr, func(int64, []byte) error {
		x.Outbox++
		return nil
	})
	if err != nil {
		return x, err
	}
	positions, err := s.Positions(addr)
	for p, at := range positions {
		x.Positions = append(x.Positions, storePositionJSON{p.Name, p.ID, p.Epoch, bytesText(at)})
	}
	slices.SortFunc(x.Positions, func(a, b storePositionJSON) int {
		return cmp.Or(strings.Compare(a.Partition, b.Partition), cmp.Compare(a.ID, b.ID))
	})
	return x, err
}

// writeStores writes for people.
func writeStores(out io.Writer, all []storeJSON, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, x := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s  run %d, ", x.Pipeline, x.Epoch)
		if x.At == nil {
			fmt.Fprintln(w, "no checkpoint yet")
		} else {
			fmt.Fprintf(w, "checkpoint %d, %s old\n", x.Checkpoint, now.Sub(*x.At).Round(time.Second))
		}
		for _, st := range x.Stages {
			st.write(w)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

func (st *storeStageJSON) write(w io.Writer) {
	fmt.Fprintf(w, "  %s\n", st.Stage)
	if st.Shape != "" {
		fmt.Fprintf(w, "    shape\t%s\n", st.Shape)
	}
	if st.Keys > 0 {
		fmt.Fprintf(w, "    keeps\t%s, %s bytes\n", plural(int(st.Keys), "key"), count(st.Bytes))
	}
	for _, p := range st.Positions {
		name := p.Partition
		if p.ID != 0 {
			name = fmt.Sprintf("%s %d", name, p.ID)
		}
		fmt.Fprintf(w, "    goes on\t%s at %s\n", name, p.At)
	}
	if st.Outbox > 0 {
		fmt.Fprintf(w, "    waiting\t%s\n", plural(int(st.Outbox), "parcel"))
	}
}
