package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/state"
)

func newPlan(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plan DIR",
		Short:   "Tell what would run, what changes, and what is promised",
		GroupID: groupWrite,
		Long: `List the stages of a pipeline, or with --against what is different from another
version of it: what a reload would add, change, rewire and remove, and which
stages would not go on with what they keep. A copy in another folder is the same.

Then, for each way from a source to a sink, tell what is promised about a record
when the process is killed, and what weakens the promise; this is judged for a
pipeline that runs with --state. A pipeline that requires more than it can give
is an error.

With --state DIR, tell what becomes of what the stages of an earlier run have
stored there. Stored state that a stage of another shape would have to read is
an error, as it would be for run. Nothing is changed; a pipeline that runs on
this state has to be stopped first. No bus is asked: that one may refuse at the
start what it does not have any more, or divides in another way.`,
		Example: `  onstream plan examples/machine-health
  onstream plan --against ../old-version my-pipeline
  onstream plan --state /var/lib/onstream my-pipeline     what a new version does to stored state`,
		Args: cobra.ExactArgs(1),
	}
	v := addValues(cmd)
	against := cmd.Flags().String("against", "", "compare with the pipeline in `DIR`")
	state := cmd.Flags().String("state", "", "tell what becomes of the state stored in `DIR`")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		p, err := c.plan(cmd.Context(), r, args[0], *against, *state, v.options(c))
		if err != nil {
			return err
		}
		if output.value == "json" {
			err = c.writeJSON(p)
		} else if err = p.write(c.stdout); err != nil {
			err = failed(fmt.Errorf("write output: %w", err))
		}
		if err == nil && p.refused() {
			err = failed(nil)
		}
		return err
	}
	return cmd
}

// plan is what a pipeline would do.
type plan struct {
	Name       string           `json:"name"`
	Version    string           `json:"version,omitempty"`
	Require    graph.Guarantee  `json:"require,omitempty"`
	Against    string           `json:"against,omitempty"`
	Changes    []changeJSON     `json:"changes"`
	Same       int              `json:"unchanged"`
	Checkpoint checkpointJSON   `json:"checkpoint"`
	Plugins    []planPluginJSON `json:"plugins,omitempty"`
	Paths      []pathJSON       `json:"paths"`
	State      *storedJSON      `json:"state,omitempty"`
	Outputs    []offerJSON      `json:"outputs,omitempty"`
	Warnings   []dsl.Diagnostic `json:"warnings"`
}

type checkpointJSON struct {
	Interval   string           `json:"interval"`
	Durability graph.Durability `json:"durability"`
}

type changeJSON struct {
	Addr   string           `json:"addr"`
	Change graph.ChangeKind `json:"change"`
	Kind   string           `json:"kind"`
	Was    string           `json:"was,omitempty"` // the kind it had, where it is another
	// Attributes are what is another in a stage that has changed, as in the files.
	Attributes []string `json:"attributes,omitempty"`
	// OneLane says that a stage with a key is not divided among processors.
	OneLane bool `json:"one_lane,omitempty"`
	// OneLaneFor are the stages that need it.
	OneLaneFor []string `json:"one_lane_for,omitempty"`
	// Follows is the source with whose partitions goes what the stage keeps.
	Follows string `json:"follows,omitempty"`
	// Remarks are what the kind says of the stage.
	Remarks []string `json:"remarks,omitempty"`
	// Via is the connection that the stage works over.
	Via string `json:"via,omitempty"`
	// State tells what becomes of what the stage keeps, where it would not go on
	// with it.
	State string `json:"state,omitempty"`
}

type pathJSON struct {
	Source     string               `json:"source"`
	Sink       string               `json:"sink"`
	ErrorsOnly bool                 `json:"errors_only,omitempty"`
	Between    []string             `json:"between"`
	Guarantee  graph.Guarantee      `json:"guarantee"`
	State      graph.StateGuarantee `json:"state"`
	Weakens    []string             `json:"weakens"`
}

type offerJSON struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Is          string `json:"is"` // a value in JSON, or an address
}

func (c *cli) plan(ctx context.Context, r *plugins.Registry, dir, against, stateDir string, o dsl.Options) (*plan, error) {
	l, err := c.load(ctx, dir, r, o)
	if err != nil {
		return nil, err
	}
	if err := c.tell(l); err != nil {
		return nil, err
	}
	var old *graph.Graph
	if against != "" {
		o.Dir = dir // that it is in another folder makes no difference
		other, err := c.load(ctx, against, r, o)
		if err != nil {
			return nil, err
		}
		old = other.graph()
	}
	if stateDir != "" {
		if err := state.CheckDir(stateDir); err != nil {
			return nil, invalid(err)
		}
	}
	g := l.graph()
	checkpoint := g.Checkpoint.OrDefault()
	p := &plan{
		Name: g.Name, Version: g.Version, Require: g.Require, Against: against,
		Changes: []changeJSON{}, Paths: []pathJSON{}, Warnings: l.diagnostics,
		Checkpoint: checkpointJSON{checkpoint.Interval.String(), checkpoint.Durability},
	}
	p.Plugins = planPlugins(l, g)
	if stateDir != "" {
		if p.State, err = compareStored(stateDir, dir, g, r); err != nil {
			return nil, failed(err)
		}
	}
	fresh := 0 // of the changes, those that are of a stage of the new graph
	claims := newChangedClaims(old, g, r)
	for _, x := range graph.Diff(old, g) {
		change := newChangeJSON(x, r)
		change.State = claims.remark(x)
		p.Changes = append(p.Changes, change)
		if x.New != nil {
			fresh++
		}
	}
	for _, addr := range claims.divided(p.Changes) {
		p.Changes = append(p.Changes, changeJSON{Addr: addr, Change: graph.Changed, Kind: g.Stage(addr).Kind,
			Follows: g.Stage(addr).Follows, State: "what it has stored goes with other partitions, and it cannot go on with that"})
		fresh++
	}
	p.Same = len(g.Stages) - fresh
	for _, x := range l.pipeline.Paths {
		p.Paths = append(p.Paths, pathJSON{
			x.Source, x.Sink, x.Errors, append([]string{}, x.Between...), x.Guarantee, x.State, append([]string{}, x.Weakens...),
		})
	}
	for _, x := range l.pipeline.Outputs {
		is := x.Stream
		if is == "" {
			is = string(x.Value)
		}
		p.Outputs = append(p.Outputs, offerJSON{x.Name, x.Description, is})
	}
	return p, nil
}

func newChangeJSON(x graph.Change, r *plugins.Registry) changeJSON {
	out := changeJSON{Addr: x.Addr, Change: x.Kind, Attributes: x.Attributes()}
	if x.New == nil {
		out.Kind = x.Old.Kind
		return out
	}
	out.Kind, out.OneLane, out.OneLaneFor, out.Follows = x.New.Kind, x.New.OneLane, x.New.OneLaneFor, x.New.Follows
	out.Remarks = x.New.Description(r).Remarks
	if x.New.Via != "" {
		out.Via = "connector." + x.New.Via
	}
	if x.Old != nil && x.Old.Kind != x.New.Kind {
		out.Was = x.Old.Kind
	}
	return out
}
