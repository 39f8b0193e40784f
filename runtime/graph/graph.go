package graph

import (
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Role is what a stage does.
type Role string

// The roles.
const (
	Source    Role = "source"
	Transform Role = "transform"
	Sink      Role = "sink"
)

// Graph is one pipeline. It is not changed once built.
type Graph struct {
	Name    string
	Version string
	Require Guarantee // the least that every path must give; "" for none
	// Checkpoint says when and how firmly what the stages keep is stored.
	Checkpoint Checkpoint
	Renamed    []Renamed // in the order written
	Connectors []*Connector
	Stages     []*Stage
}

// Connector is a named connection that stages work over.
type Connector struct {
	Kind   string
	Name   string
	Config plugins.Config
	Pos    Pos
}

// Addr is the connection's address, such as "connector.plant".
func (c *Connector) Addr() string { return "connector." + c.Name }

// Fingerprint is a text that is equal for connections that behave alike.
func (c *Connector) Fingerprint() string {
	return fmt.Sprintf("%s %s\n%s", c.Addr(), c.Kind, c.Config.Fingerprint())
}

// Connector returns the connection of a name, nil when there is none.
func (g *Graph) Connector(name string) *Connector {
	for _, c := range g.Connectors {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Stage is one block of a pipeline.
type Stage struct {
	Role   Role
	Kind   string
	Name   string
	Via    string // name of the connection that it works over, "" for none
	Config plugins.Config
	Inputs []Input       // none for a source
	In     plugins.Shape // what the inputs have in common; those of the first port, where there are several
	// Ins are the shapes by port of a kind with several; nil for others.
	Ins []plugins.Shape
	// Outputs of a source or transform, without the error output that every
	// stage has.
	Outputs []plugins.Output
	// Format and Options are what a source decodes and a sink encodes; ""
	// where the kind has no payload. Schema is the declared type of a
	// source's records, Any when there is none.
	Format  string
	Options plugins.Config
	Schema  plugins.Type
	// Key is the record's key: it sets a sink's keys and makes a keyed
	// transform run in lanes. Nil when there is none.
	Key plugins.Expr
	// Keys are the keys of a kind with several inputs, by the index of the
	// port; Key is then nil.
	Keys []plugins.Expr
	// OneLane says that a keyed transform is not to be divided among lanes,
	// because a stage behind it needs the order of what comes out.
	OneLane bool
	// OneLaneFor are the addresses of the stages that need it, in the order
	// written.
	OneLaneFor []string
	// Follows is the address of the source by whose partitions the stage
	// keeps what it keeps: where one goes, that goes with it. "" for none.
	Follows string
	// SpoolBytes is how much may wait on disk of what a source brings that is
	// spooled; 0 stands for [DefaultSpoolBytes]. A source is spooled where
	// state is stored and its capabilities ask for it.
	SpoolBytes int64
	// Kinds are where the stage's kind is found; nil stands for those of whoever runs the graph.
	Kinds *plugins.Registry
	// Plugin is a text that is equal for processes that behave alike, of a stage that one of them offers something for; "" for none.
	Plugin  string
	Retry   Retry   // of a sink
	OnError OnError // what becomes of a record that fails
	Pos     Pos
}

// Addr is the stage's address, such as "source.sensors". It leaves the kind
// out, so that changing the kind keeps references and state.
func (s *Stage) Addr() string { return string(s.Role) + "." + s.Name }

// Output returns the index of an output by name, -1 when there is none.
func (s *Stage) Output(name string) int {
	for i, o := range s.Outputs {
		if o.Name == name {
			return i
		}
	}
	return -1
}

// Errors is the From of an input that takes every error output nobody else
// takes, and the Output of one that takes the error output of one stage.
const Errors = "errors"

// Input is one edge into a stage.
type Input struct {
	From   string // address, or [Errors]
	Output string // name of the output, "" for the only one
	Port   string // name of the input, "" for the only one
	Pos    Pos
}

// Pos is a place in a file; lines and columns count from 1.
type Pos struct {
	File         string
	Line, Column int
}

// OnError says what becomes of a record that fails in a stage.
type OnError string

// What may become of it. The zero value is ToErrors.
const (
	ToErrors OnError = "errors" // it goes to the error output
	Drop     OnError = "drop"   // it is counted and forgotten
	Fail     OnError = "fail"   // the pipeline stops
)

// Retry says how a sink tries again. The zero value never gives up and waits
// from 100 ms to 30 s.
type Retry struct {
	Max        int           // attempts after the first; 0 means without end
	Backoff    time.Duration // before the first retry; doubled each time
	MaxBackoff time.Duration
}

// ErrorShape is the shape of the records on an error output.
func ErrorShape() plugins.Shape {
	str := plugins.Of(plugins.String)
	return plugins.Columns(
		plugins.Field{Name: "at", Type: plugins.Of(plugins.Time)},
		plugins.Field{Name: "pipeline", Type: str},
		plugins.Field{Name: "stage", Type: str},
		plugins.Field{Name: "code", Type: str},
		plugins.Field{Name: "message", Type: str},
		plugins.Field{Name: "expression", Type: str.OrNull()},
		plugins.Field{Name: "partition", Type: str.OrNull()},
		plugins.Field{Name: "offset", Type: plugins.Of(plugins.Int).OrNull()},
		plugins.Field{Name: "payload", Type: str.OrNull()},
		plugins.Field{Name: "payload_base64", Type: str.OrNull()},
	)
}

// Stage returns a stage by address, nil when there is none.
func (g *Graph) Stage(addr string) *Stage {
	for _, s := range g.Stages {
		if s.Addr() == addr {
			return s
		}
	}
	return nil
}

// Edge is a stage that takes an output, and by which of its inputs.
type Edge struct {
	To    *Stage
	Input int // index in To.Inputs
}

// Consumers returns the stages that take an output of a stage, in the order
// of the graph. The output [Errors] is the error output: where nobody names
// it, the inputs from [Errors] take it, unless the stage is itself fed by
// them.
func (g *Graph) Consumers(addr, output string) []Edge {
	var edges, rest []Edge
	for _, s := range g.Stages {
		for i, in := range s.Inputs {
			switch {
			case in.From == addr && in.Output == output:
				edges = append(edges, Edge{s, i})
			case in.From == Errors && output == Errors:
				rest = append(rest, Edge{s, i})
			}
		}
	}
	if output == Errors && len(edges) == 0 && !g.fedByErrors(addr) {
		return rest
	}
	return edges
}

// fedByErrors reports whether a stage is downstream of the common error
// output.
func (g *Graph) fedByErrors(addr string) bool {
	seen := map[string]bool{}
	var up func(addr string) bool
	up = func(addr string) bool {
		if seen[addr] {
			return false
		}
		seen[addr] = true
		s := g.Stage(addr)
		if s == nil {
			return false
		}
		for _, in := range s.Inputs {
			if in.From == Errors || up(in.From) {
				return true
			}
		}
		return false
	}
	return up(addr)
}
