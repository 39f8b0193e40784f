package graph

import "slices"

// Cycle returns the addresses along a cycle, the first repeated at the end,
// or nil when there is none.
func (g *Graph) Cycle() []string {
	const visiting, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(addr string) []string
	visit = func(addr string) []string {
		switch state[addr] {
		case done:
			return nil
		case visiting:
			at := slices.Index(path, addr)
			cycle := append(slices.Clone(path[at:]), addr)
			slices.Reverse(cycle) // inputs lead upstream; people read downstream
			return cycle
		}
		state[addr] = visiting
		path = append(path, addr)
		if s := g.Stage(addr); s != nil {
			for _, in := range s.Inputs {
				if c := visit(in.From); c != nil {
					return c
				}
			}
		}
		path = path[:len(path)-1]
		state[addr] = done
		return nil
	}
	for _, s := range g.Stages {
		if c := visit(s.Addr()); c != nil {
			return c
		}
	}
	return nil
}

// Downstream returns the stages in an order in which each comes after all its
// inputs. The graph must have no cycle.
func (g *Graph) Downstream() []*Stage {
	var order []*Stage
	seen := map[*Stage]bool{}
	var visit func(s *Stage)
	visit = func(s *Stage) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for _, in := range s.Inputs {
			visit(g.Stage(in.From))
		}
		order = append(order, s)
	}
	for _, s := range g.Stages {
		visit(s)
	}
	return order
}
