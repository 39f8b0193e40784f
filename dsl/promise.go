package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// promise computes what is promised on each way through the pipeline, and
// compares it with what the pipeline block requires.
func (b *builder) promise() {
	b.pipeline.Paths = b.graph.Paths(graph.Terms{
		Capabilities: func(s *graph.Stage) plugins.Capabilities { return b.capabilities(b.stages[s.Addr()]) },
		Stateful:     func(s *graph.Stage) bool { return b.stages[s.Addr()].description.State != "" },
		Volatile:     func(s *graph.Stage) bool { return s.IsVolatile(b.stages[s.Addr()].description) },
		Stored:       b.options.Stored,
	})
	if b.graph.Require == "" {
		return
	}
	all := graph.Guarantees()
	var short []graph.Path
	for _, p := range b.pipeline.Paths {
		if !p.Errors && slices.Index(all, p.Guarantee) < slices.Index(all, b.graph.Require) {
			short = append(short, p)
		}
	}
	if len(short) > 0 {
		b.fail(b.require.Expr.Range(), "guarantee not met", "%s; take other stages or require less", shortfall(short))
	}
}

// shortfall says what ways do not give, and why. A reason that several have is
// told once, with those that have it where not all do.
func shortfall(paths []graph.Path) string {
	var ways, reasons []string
	having := map[string][]string{} // the ways, by reason
	for _, p := range paths {
		way := p.Source + " -> " + p.Sink
		ways = append(ways, fmt.Sprintf("%s is %s", way, p.Guarantee))
		for _, reason := range p.Weakens {
			if having[reason] == nil {
				reasons = append(reasons, reason)
			}
			having[reason] = append(having[reason], way)
		}
	}
	for i, reason := range reasons {
		if of := having[reason]; len(of) < len(paths) {
			reasons[i] += " (" + strings.Join(of, ", ") + ")"
		}
	}
	text := strings.Join(ways, ", ")
	if len(reasons) > 0 {
		text += ": " + strings.Join(reasons, "; ")
	}
	return text
}
