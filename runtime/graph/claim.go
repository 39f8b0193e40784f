package graph

import (
	"crypto/sha256"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// Claims returns, for each stage that stores something, what it must agree with
// later: the kind of a source, the shape of what a transform keeps, and how
// what waits for a sink is encoded.
func (g *Graph) Claims(r *plugins.Registry) map[string]string {
	claims := map[string]string{}
	for _, s := range g.Stages {
		switch s.Role {
		case Source:
			claims[s.Addr()] = s.Kind
		case Sink:
			claims[s.Addr()] = fmt.Sprintf("%s %s %.4x", s.Kind, s.Format, sha256.Sum256([]byte(s.Options.Fingerprint())))
		default:
			if k, _ := r.Transform(s.Kind); k.State != nil {
				claims[s.Addr()] = s.Kind + ": " + k.State(s.Config)
				if s.Follows != "" {
					claims[s.Addr()] += ", by partition of " + s.Follows
				}
			}
		}
	}
	return claims
}
