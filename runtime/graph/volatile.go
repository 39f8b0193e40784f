package graph

import (
	"slices"

	"github.com/onstream/onstream/plugins"
)

// IsVolatile reports whether what a stage makes depends on more than what it is
// given. D is what its kind says of it; nothing for sources and sinks.
func (s *Stage) IsVolatile(d plugins.Description) bool {
	if d.Volatile {
		return true
	}
	exprs := append(s.Config.AllExprs(), s.Keys...)
	if s.Key != nil {
		exprs = append(exprs, s.Key)
	}
	return slices.ContainsFunc(exprs, func(x plugins.Expr) bool {
		v, ok := x.(plugins.Volatile)
		return ok && v.Volatile()
	})
}

// Upstream returns the stages whose records reach a stage, by whatever output,
// in the order of the graph.
func (g *Graph) Upstream(s *Stage) []*Stage {
	reach := map[*Stage]bool{s: true}
	for _, u := range slices.Backward(g.Downstream()) {
		outputs := []string{Errors}
		for _, o := range u.Outputs {
			outputs = append(outputs, o.Name)
		}
		for _, o := range outputs {
			for _, e := range g.Consumers(u.Addr(), o) {
				reach[u] = reach[u] || reach[e.To]
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(g.Stages), func(u *Stage) bool { return u == s || !reach[u] })
}
