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
	b.pipeline.Paths = b.graph.Paths(func(s *graph.Stage) plugins.Capabilities {
		k := b.stages[s.Addr()].kind
		if k.capabilities == nil {
			return plugins.Capabilities{}
		}
		return k.capabilities(s.Config)
	})
	if b.graph.Require == "" {
		return
	}
	all := graph.Guarantees()
	var short []string
	for _, p := range b.pipeline.Paths {
		if !p.Errors && slices.Index(all, p.Guarantee) < slices.Index(all, b.graph.Require) {
			short = append(short, fmt.Sprintf("%s -> %s is %s: %s", p.Source, p.Sink, p.Guarantee, strings.Join(p.Weakens, "; ")))
		}
	}
	if len(short) > 0 {
		b.fail(b.require.Expr.Range(), "guarantee not met", "%s; take other stages or require less", strings.Join(short, ". "))
	}
}
