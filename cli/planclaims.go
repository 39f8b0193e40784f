package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// changedClaims is what the stages of two versions of a pipeline want to go on
// with.
type changedClaims struct {
	old, new *graph.Graph // old is nil for none
	was, is  map[string]string
}

func newChangedClaims(old, new *graph.Graph, r *plugins.Registry) changedClaims {
	c := changedClaims{old: old, new: new, is: new.Claims(r)}
	if old != nil {
		c.was = old.Claims(r)
	}
	return c
}

// remark says what becomes of what a changed stage has stored, where it is not
// that it goes on with it. What waits for a sink is told by what is stored.
func (c changedClaims) remark(x graph.Change) string {
	was, is := c.was[x.Addr], c.is[x.Addr]
	switch {
	case strings.HasPrefix(x.Addr, string(graph.Sink)+"."):
		return ""
	case x.Old == nil:
		return c.inherited(x.Addr)
	case x.New == nil && was != "":
		return c.leftover(x.Addr, was)
	case was != "" && was != is:
		return "cannot go on with what it has stored: give it another name to start afresh"
	case c.divides(x.Addr):
		return "what goes with its partitions cannot be gone on with: they are others"
	}
	return ""
}

// divides reports whether a stage cannot go on with what goes with the partitions
// of a source, although it is the same.
func (c changedClaims) divides(source string) bool {
	return slices.ContainsFunc(c.new.Stages, func(s *graph.Stage) bool {
		_, was := graph.CutDivision(c.was[s.Addr()])
		_, is := graph.CutDivision(c.is[s.Addr()])
		return s.Follows == source && graph.FollowedIn(c.was[s.Addr()]) == source && was != is
	})
}

// divided returns the stages that are the same, and not among the changes, and
// could not go on with what they keep, because the source divides it in another
// way.
func (c changedClaims) divided(changes []changeJSON) (addrs []string) {
	if c.old == nil {
		return nil
	}
	for _, s := range c.new.Stages {
		addr := s.Addr()
		listed := slices.ContainsFunc(changes, func(x changeJSON) bool { return x.Addr == addr })
		_, was := graph.CutDivision(c.was[addr])
		_, is := graph.CutDivision(c.is[addr])
		if !listed && was != is {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// inherited is about what a stage that is new takes over.
func (c changedClaims) inherited(addr string) string {
	for _, r := range c.new.Renamed {
		switch was := c.was[r.From]; {
		case r.To != addr || was == "":
		case was == c.is[addr]:
			return "goes on with what " + r.From + " has stored"
		default:
			return "cannot go on with what " + r.From + " has stored: it keeps something else"
		}
	}
	return ""
}

// leftover is about what a stage has stored that is not there any more.
func (c changedClaims) leftover(addr, was string) string {
	heir, asked := c.new.Heir(addr, was, c.is, func(a string) bool { return c.old.Stage(a) == nil })
	switch {
	case asked:
		return "what it has stored goes to " + heir
	case heir != "":
		return fmt.Sprintf("nobody goes on with what it has stored; if it is called %s now, add a renamed block (from = %s, to = %s)", heir, addr, heir)
	}
	return "what it has stored is kept, and nobody uses it"
}
