package runtime

import (
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// flowOrder returns the stages in an order in which each comes after
// everything that sends it records, dead letters included.
func flowOrder(g *graph.Graph) []*graph.Stage {
	var order []*graph.Stage
	seen := map[*graph.Stage]bool{}
	var visit func(s *graph.Stage)
	visit = func(s *graph.Stage) {
		if seen[s] {
			return
		}
		seen[s] = true
		for _, o := range append(slices.Clone(s.Outputs), plugins.Output{Name: graph.Errors}) {
			for _, e := range g.Consumers(s.Addr(), o.Name) {
				visit(e.To)
			}
		}
		order = append(order, s)
	}
	for _, s := range g.Stages {
		visit(s)
	}
	slices.Reverse(order)
	return order
}
