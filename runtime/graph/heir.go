package graph

import "slices"

// Heir returns the address of the stage that what is stored at a former address
// belongs to: the one that a renamed block names; or else, and then asked is
// false, the only new one that could go on with it, as it claims the same. It is
// "" where there is none. Claims are those of the graph, see [Graph.Claims].
func (g *Graph) Heir(former, claim string, claims map[string]string, isNew func(addr string) bool) (heir string, asked bool) {
	i := slices.IndexFunc(g.Renamed, func(r Renamed) bool { return r.From == former })
	if i >= 0 {
		return g.Renamed[i].To, true
	}
	for _, s := range g.Stages {
		if addr := s.Addr(); claims[addr] == claim && isNew(addr) {
			if heir != "" {
				return "", false
			}
			heir = addr
		}
	}
	return heir, false
}
