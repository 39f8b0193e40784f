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
		Stateful:     func(s *graph.Stage) bool { return b.stages[s.Addr()].kind.transform.State != nil },
		Volatile:     func(s *graph.Stage) bool { return s.IsVolatile(b.stages[s.Addr()].kind.transform) },
		Stored:       b.options.Stored,
	})
	if b.graph.Require == "" {
		return
	}
	all := graph.Guarantees()
	var short []string
	for _, p := range b.pipeline.Paths {
		if !p.Errors && slices.Index(all, p.Guarantee) < slices.Index(all, b.graph.Require) {
			short = append(short, shortfall(p))
		}
	}
	if len(short) > 0 {
		b.fail(b.require.Expr.Range(), "guarantee not met", "%s; take other stages or require less", strings.Join(short, ". "))
	}
}

// shortfall says what a way does not give, and why.
func shortfall(p graph.Path) string {
	text := fmt.Sprintf("%s -> %s is %s", p.Source, p.Sink, p.Guarantee)
	if len(p.Weakens) > 0 {
		text += ": " + strings.Join(p.Weakens, "; ")
	}
	return text
}
