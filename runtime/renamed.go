package runtime

import "github.com/onstream/onstream/runtime/graph"

// formerly returns the address that a stage had before it was renamed.
func formerly(addr string, g *graph.Graph) []string {
	for _, r := range g.Renamed {
		if r.To == addr {
			return []string{r.From}
		}
	}
	return nil
}

// latterly returns the address of the stage that had an address before it was
// renamed; that address where none was.
func latterly(addr string, g *graph.Graph) string {
	for _, r := range g.Renamed {
		if r.From == addr && g.Stage(addr) == nil {
			return r.To
		}
	}
	return addr
}
