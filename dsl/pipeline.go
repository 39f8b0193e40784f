package dsl

import (
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Pipeline is a module that was built: everything there is to know about it
// before it runs.
type Pipeline struct {
	Graph *graph.Graph
	// Settings are what `setting` names in expressions, by name; a value set
	// here is seen by the next batch. [Pipeline.Set] checks it first.
	Settings     map[string]*expr.Setting
	SettingSpecs []SettingSpec // in the order of their names
	Outputs      []Output      // in the order written
	Tests        []*Test       // in the order written
	// Paths tells what is promised on the way from each source to each sink.
	Paths []graph.Path

	explain map[string]*Explanation
	pending map[string]plugins.Value // of settings that were live already
}

// SettingSpec is what a setting block says about a setting.
type SettingSpec struct {
	Name        string
	Type        plugins.Type
	Default     plugins.Value
	Min, Max    *float64 // of numbers; nil where there is no bound
	Options     []string // the strings allowed; nil for any
	Label       string   // for people; with the unit
	Description string
	Scope       []string // fields of the event that a value may be given for
	Pos         graph.Pos
}

// Output is something that the pipeline offers to others under a name.
type Output struct {
	Name        string
	Description string
	Value       []byte // JSON text; nil where it is a stream
	// Stream is the address of a stage's output, such as
	// "transform.verdict.hot"; "" where it is a value.
	Stream string
	Pos    graph.Pos
}

// Test is a test block. It is run with a pipeline built from the same module
// with [Test.Options].
type Test struct {
	Name     string
	Settings map[string]string
	Vars     map[string]string
	Env      map[string]string // the whole environment
	Now      int64             // the virtual clock at the start, ns since 1970
	Given    []Given
	Mock     []Mock
	Expect   []Expect
	Pos      graph.Pos
}

// Given is what one source brings.
type Given struct {
	At   string // address of the source
	Rows []Row
	Pos  graph.Pos
}

// Mock is what an output of a transform gives in place of what it would make; the transform itself does not run.
type Mock struct {
	At     string // address of the transform
	Output string // of it, "" for the one without a name
	Rows   []Row
	Pos    graph.Pos
}

// Row is one record.
type Row struct {
	// Text is the record: a JSON object with the fields in the order written
	// or, if Raw, the payload itself in the format of the stage.
	Text []byte
	Raw  bool
	Pos  graph.Pos
}

// Expect is what is expected at one place. The records looked at are those
// for which Where is true, all if there is none.
//
//   - With Count, there are exactly so many.
//   - With Rows, they are these, in order; fields that a row leaves out are
//     not compared.
//   - With neither, there is at least one.
type Expect struct {
	// At is the address of a stage, or [graph.Errors] for what every error
	// output that nobody else takes gives. For a sink it stands for what it is
	// given.
	At     string
	Output string // of the stage, "" for the only one, [graph.Errors] for its errors
	Count  *int
	// Where reads records of Shape: those at the address, as JSON.
	Where plugins.Expr
	Shape plugins.Shape
	Rows  []Row
	Pos   graph.Pos
}

// Options returns the options to build with for the test: those of base, with
// the test's own values, its environment instead of the real one, and no real
// secrets.
func (t *Test) Options(base Options) Options {
	o := base
	o.Vars = merged(base.Vars, t.Vars)
	o.Settings = merged(base.Settings, t.Settings)
	o.LookupEnv = func(name string) (string, bool) {
		v, ok := t.Env[name]
		return v, ok
	}
	o.CheckOnly = false
	o.StubSecrets = true
	return o
}

func merged(a, b map[string]string) map[string]string {
	m := make(map[string]string, len(a)+len(b))
	for _, from := range []map[string]string{a, b} {
		for k, v := range from {
			m[k] = v
		}
	}
	return m
}
