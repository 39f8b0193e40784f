package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/onstream/onstream/runtime/graph"
)

func (p *plan) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.TrimSpace(p.Name+" "+p.Version))
	p.writeChanges(w)
	p.writePlugins(w)
	p.writeGuarantees(w)
	p.writeStored(w)
	if len(p.Outputs) > 0 {
		fmt.Fprintln(w, "\noffers")
	}
	for _, x := range p.Outputs {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", x.Name, x.Is, x.Description)
	}
	return w.Flush()
}

// writeGuarantees tells what is promised on each way. The reasons have numbers,
// because many ways have the same.
func (p *plan) writeGuarantees(w io.Writer) {
	fmt.Fprint(w, "\nguarantees")
	if p.Require != "" {
		fmt.Fprintf(w, " (required: %s)", words(p.Require))
	}
	fmt.Fprintln(w)
	p.writeCheckpoint(w)
	var reasons []string
	for _, x := range p.Paths {
		what := words(x.Guarantee)
		if x.State != graph.NoState {
			what += ", state " + words(x.State)
		}
		if x.ErrorsOnly {
			what += ", of what fails"
		}
		for _, why := range x.Weakens {
			n := slices.Index(reasons, why)
			if n < 0 {
				n = len(reasons)
				reasons = append(reasons, why)
			}
			what += fmt.Sprintf(" [%d]", n+1)
		}
		fmt.Fprintf(w, "  %s → %s: %s\n", x.Source, x.Sink, what)
	}
	for i, why := range reasons {
		fmt.Fprintf(w, "  [%d] %s\n", i+1, why)
	}
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
			kind += remarks(x)
			fmt.Fprintf(w, "  %s\t%s\n", x.Addr, kind)
			continue
		}
		what := string(x.Change)
		if len(x.Attributes) > 0 {
			what += " (" + strings.Join(x.Attributes, ", ") + ")"
		}
		if x.State != "" {
			what += ": " + x.State
		}
		fmt.Fprintf(w, "  %s %s\t%s\t%s\n", signs[x.Change], x.Addr, kind, what)
	}
	if p.Against != "" && len(p.Changes) == 0 {
		fmt.Fprintln(w, "  none")
	}
}

// remarks says what is particular about a stage.
func remarks(x changeJSON) string {
	var all []string
	if x.Via != "" {
		all = append(all, "via "+x.Via)
	}
	if x.Follows != "" {
		all = append(all, "its state goes with the partitions of "+x.Follows)
	}
	if x.OneLane {
		all = append(all, "in one lane: "+ordered(x.OneLaneFor))
	}
	all = append(all, x.Remarks...)
	if len(all) == 0 {
		return ""
	}
	return "\t" + strings.Join(all, "; ")
}

// ordered says why a stage runs in one lane.
func ordered(stages []string) string {
	if len(stages) == 1 {
		return stages[0] + ", whose key may be another, needs the order of its records"
	}
	return strings.Join(stages, ", ") + ", whose keys may be others, need the order of its records"
}

// writeCheckpoint tells of checkpoints where a promise rests on them.
func (p *plan) writeCheckpoint(w io.Writer) {
	rests := func(x pathJSON) bool { return x.Guarantee != graph.AtMostOnce || x.State != graph.NoState }
	if !slices.ContainsFunc(p.Paths, rests) {
		return
	}
	how := "on disk before it counts"
	if p.Checkpoint.Durability == graph.OS {
		how = "not waited for: a kill or power loss takes the newest ones away"
	}
	fmt.Fprintf(w, "  run with --state DIR, with a checkpoint every %s, %s\n", p.Checkpoint.Interval, how)
}

// words writes a guarantee for people.
func words[G ~string](g G) string { return strings.ReplaceAll(string(g), "_", " ") }
