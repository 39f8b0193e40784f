package cli

import (
	"fmt"
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
	}
	return ""
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
