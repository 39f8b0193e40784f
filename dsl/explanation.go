package dsl

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Explanation is what the language has found out about one stage.
type Explanation struct {
	Addr       string
	Role       graph.Role
	Kind       string
	Doc        string // what the kind does
	Inputs     []string
	In         plugins.Type     // of the records that come in; Any with no fields for a source
	Ports      []plugins.Field  // the types by the names of the inputs, where there are several; In is the first
	Outputs    []plugins.Output // with the shapes that were inferred
	Attributes []ExplainedAttribute
	Pos        graph.Pos
}

// ExplainedAttribute is an attribute of a stage or of a block in it.
type ExplainedAttribute struct {
	Path  string // such as "output[hot].when", or "emit.device"
	Phase Phase
	Text  string          // as written; a placeholder for what may be secret
	Type  plugins.Type    // of an attribute of the event phase
	Reads []plugins.Field // of the record, by path
	// Given are the names it reads that the stage itself gives, such as
	// window.end.
	Given []string
	// Folded lists the parts that were computed once, when built.
	Folded []FoldedPart
	// Fallbacks names the functions that have no kernel.
	Fallbacks []string
	Pos       graph.Pos

	offset int // in the file
}

// FoldedPart is a constant part of an event expression.
type FoldedPart struct {
	Source string // as written
	Value  string // what it came to
}

// Phase is when an attribute is evaluated.
type Phase string

// The phases of attributes.
const (
	StaticPhase    Phase = "static"    // once, when built
	EventPhase     Phase = "event"     // for each record
	ReferencePhase Phase = "reference" // never: it names something
)
