package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// Scope is what the expressions of one place may refer to.
type Scope struct {
	// Event is what is known about the records. Nil means that `event` is not
	// available in this place.
	Event *plugins.Shape
	Meta  bool // `meta` is available
	Key   bool // `key` is available: the text of the key that a record carries
	// Locals are what the stage itself gives. One of them may be called key and
	// is then meant by it.
	Locals []plugins.Local
	// Static has the values of var, local, path, node and each, and the
	// functions that are evaluated when the pipeline is built, besides those of
	// the language. It may be nil.
	Static   *hcl.EvalContext
	Budget   *Budget // for what is evaluated once; nil for no common limit
	Settings map[string]*Setting

	aggregating aggregating
	group       []plugins.Local   // the locals, where an argument of an aggregate is compiled
	results     map[string]result // of aggregate calls, by the text of the call
}

// aggregating tells on which side of the calls of aggregate functions a scope
// is.
type aggregating uint8

const (
	notAggregating aggregating = iota
	ofRecord                   // an argument, computed for each record
	ofGroup                    // what is around the calls, computed for each group
)

// roots of expressions that are known once the pipeline is built.
var staticRoots = map[string]bool{"var": true, "local": true, "path": true, "node": true, "each": true}

// elsewhere says for roots that exist but not here, where they do.
var elsewhere = map[string]string{
	"event":   "it is what a stage is given for each record; here, use var, local or setting values",
	"meta":    "it is what a stage knows about each record beside its fields; here, use var or local values",
	"key":     "it is available where records are grouped, such as in emit of a window",
	"window":  "it is available in emit of a window only",
	"state":   "it is available in a reduce stage only",
	"left":    "it is available in a join stage only",
	"right":   "it is available in a join stage only",
	"found":   "it is available in an enrich stage only",
	"absence": "it is available in emit of an absence stage only",
	"first":   "it is available in emit of a detect stage only",
	"last":    "it is available in emit of a detect stage only",
	"match":   "it is available in emit of a detect stage only",
}

// roots lists the names that may begin a reference in the scope.
func (s *Scope) roots() []string {
	names := []string{"setting"}
	if s.Event != nil {
		names = append(names, "event")
	}
	if s.Meta {
		names = append(names, "meta")
	}
	if s.Key {
		names = append(names, "key")
	}
	for _, l := range s.Locals {
		names = append(names, l.Root)
	}
	for ctx := s.Static; ctx != nil; ctx = ctx.Parent() {
		for name := range ctx.Variables {
			names = append(names, name)
		}
	}
	return names
}
