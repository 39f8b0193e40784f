package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

func newPlan(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plan DIR",
		Short:   "Tell what would run, what changes, and what is promised",
		GroupID: groupWrite,
		Long: `List the stages of a pipeline, or with --against what is different from another
version of it: what a reload would add, change, rewire and remove.

Then, for each way from a source to a sink, tell what is promised about a record
when the process is killed, and what weakens the promise. A pipeline that
requires more than it can give is an error.`,
		Example: `  onstream plan examples/machine-health
  onstream plan --against ../old-version my-pipeline`,
		Args: cobra.ExactArgs(1),
	}
	v := addValues(cmd)
	against := cmd.Flags().String("against", "", "compare with the pipeline in `DIR`")
	output := addOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		p, err := c.plan(r, args[0], *against, v.options(c))
		if err != nil {
			return err
		}
		if output.value == "json" {
			return c.writeJSON(p)
		}
		if err := p.write(c.stdout); err != nil {
			return failed(fmt.Errorf("write output: %w", err))
		}
		return nil
	}
	return cmd
}

// plan is what a pipeline would do.
type plan struct {
	Name     string           `json:"name"`
	Version  string           `json:"version,omitempty"`
	Require  graph.Guarantee  `json:"require,omitempty"`
	Against  string           `json:"against,omitempty"`
	Changes  []changeJSON     `json:"changes"`
	Same     int              `json:"unchanged"`
	Paths    []pathJSON       `json:"paths"`
	Outputs  []offerJSON      `json:"outputs,omitempty"`
	Warnings []dsl.Diagnostic `json:"warnings"`
}

type changeJSON struct {
	Addr   string           `json:"addr"`
	Change graph.ChangeKind `json:"change"`
	Kind   string           `json:"kind"`
	Was    string           `json:"was,omitempty"` // the kind it had, where it is another
}

type pathJSON struct {
	Source     string          `json:"source"`
	Sink       string          `json:"sink"`
	ErrorsOnly bool            `json:"errors_only,omitempty"`
	Between    []string        `json:"between"`
	Guarantee  graph.Guarantee `json:"guarantee"`
	Weakens    []string        `json:"weakens"`
}

type offerJSON struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Is          string `json:"is"` // a value in JSON, or an address
}

func (c *cli) plan(r *plugins.Registry, dir, against string, o dsl.Options) (*plan, error) {
	l, err := c.load(dir, r, o)
	if err != nil {
		return nil, err
	}
	if err := c.tell(l); err != nil {
		return nil, err
	}
	var old *graph.Graph
	if against != "" {
		other, err := c.load(against, r, o)
		if err != nil {
			return nil, err
		}
		old = other.graph()
	}
	g := l.graph()
	p := &plan{
		Name: g.Name, Version: g.Version, Require: g.Require, Against: against,
		Changes: []changeJSON{}, Paths: []pathJSON{}, Warnings: l.diagnostics,
	}
	fresh := 0 // of the changes, those that are of a stage of the new graph
	for _, x := range graph.Diff(old, g) {
		p.Changes = append(p.Changes, newChangeJSON(x))
		if x.New != nil {
			fresh++
		}
	}
	p.Same = len(g.Stages) - fresh
	for _, x := range l.pipeline.Paths {
		p.Paths = append(p.Paths, pathJSON{
			x.Source, x.Sink, x.Errors, append([]string{}, x.Between...), x.Guarantee, append([]string{}, x.Weakens...),
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

func newChangeJSON(x graph.Change) changeJSON {
	out := changeJSON{Addr: x.Addr, Change: x.Kind}
	if x.New == nil {
		out.Kind = x.Old.Kind
		return out
	}
	out.Kind = x.New.Kind
	if x.Old != nil && x.Old.Kind != x.New.Kind {
		out.Was = x.Old.Kind
	}
	return out
}

func (p *plan) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.TrimSpace(p.Name+" "+p.Version))
	p.writeChanges(w)
	fmt.Fprint(w, "\nguarantees")
	if p.Require != "" {
		fmt.Fprintf(w, " (required: %s)", words(p.Require))
	}
	fmt.Fprintln(w)
	for _, x := range p.Paths {
		what := words(x.Guarantee)
		if x.ErrorsOnly {
			what += ", of what fails"
		}
		fmt.Fprintf(w, "  %s → %s: %s\n", x.Source, x.Sink, what)
		for _, why := range x.Weakens {
			fmt.Fprintf(w, "      %s\n", why)
		}
	}
	if len(p.Outputs) > 0 {
		fmt.Fprintln(w, "\noffers")
	}
	for _, x := range p.Outputs {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", x.Name, x.Is, x.Description)
	}
	return w.Flush()
}

func (p *plan) writeChanges(w io.Writer) {
	if p.Against == "" {
		fmt.Fprintln(w, "\nstages")
	} else {
		fmt.Fprintf(w, "\nchanges against %s (%d unchanged)\n", p.Against, p.Same)
	}
	signs := map[graph.ChangeKind]string{graph.Added: "+", graph.Changed: "~", graph.Rewired: "→", graph.Removed: "-"}
	for _, x := range p.Changes {
		kind := x.Kind
		if x.Was != "" {
			kind = x.Was + " → " + kind
		}
		if p.Against == "" {
			fmt.Fprintf(w, "  %s\t%s\n", x.Addr, kind)
			continue
		}
		fmt.Fprintf(w, "  %s %s\t%s\t%s\n", signs[x.Change], x.Addr, kind, x.Change)
	}
	if p.Against != "" && len(p.Changes) == 0 {
		fmt.Fprintln(w, "  none")
	}
}

// words writes a guarantee for people.
func words(g graph.Guarantee) string { return strings.ReplaceAll(string(g), "_", " ") }
