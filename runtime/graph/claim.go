package graph

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// Claims returns, for each stage that stores something, what it must agree with
// later: the origin of a source, the shape of what a transform keeps, and how
// what waits for a sink is encoded.
func (g *Graph) Claims(r *plugins.Registry) map[string]string {
	claims := map[string]string{}
	for _, s := range g.Stages {
		switch s.Role {
		case Source:
			claims[s.Addr()] = s.Origin()
		case Sink:
			claims[s.Addr()] = fmt.Sprintf("%s %s %.4x", s.Kind, s.Format, sha256.Sum256([]byte(s.Options.Fingerprint())))
		default:
			if kept := s.Description(r).State; kept != "" {
				claims[s.Addr()] = s.Kind + ": " + kept
				if s.Follows != "" {
					claims[s.Addr()] += byPartition + s.Follows + g.division(s.Follows)
				}
			}
		}
	}
	return claims
}

// Origin is what the positions of a source depend on: its kind, and that of its
// connection.
func (s *Stage) Origin() string {
	if over, _ := s.Config.Connector(); over.Name != "" {
		return s.Kind + " over " + over.Name
	}
	return s.Kind
}

// byPartition is, in a claim, between the shape of what is kept and what it is
// divided by.
const byPartition = ", by partition of "

// CutDivision divides the claim of a transform into the shape of what it keeps
// and what that is divided by; that is "" where it is kept in one.
func CutDivision(claim string) (shape, division string) {
	at := strings.LastIndex(claim, byPartition) // a kind may say the same of its shape
	if at < 0 {
		return claim, ""
	}
	return claim[:at], claim[at+len(byPartition):]
}

// FollowedIn returns the source that a claim says the partitions are of that what
// is kept is divided by; "" for none.
func FollowedIn(claim string) (source string) {
	_, division := CutDivision(claim)
	source, _, _ = strings.Cut(division, " ")
	return source
}

// division says what the partitions of a source depend on.
func (g *Graph) division(source string) string {
	s := g.Stage(source)
	if s == nil {
		return ""
	}
	over, config := s.Config.Connector()
	if over.Partitions == nil {
		return fmt.Sprintf(" (%s)", s.Origin())
	}
	return fmt.Sprintf(" (%s, partitions = %d)", s.Origin(), over.Partitions(config))
}
