package draw

import (
	"github.com/onstream/onstream/runtime/graph"
)

// edge leads from an output of a stage, or from the common error output, to a
// stage.
type edge struct {
	from   string // address, or graph.Errors
	output string
	port   string
	to     *graph.Stage
}

// label is what is written at the edge; "" where there is nothing to tell
// apart.
func (e edge) label() string {
	switch {
	case e.output != "" && e.port != "":
		return e.output + " → " + e.port
	case e.port != "":
		return "→ " + e.port
	default:
		return e.output
	}
}

// edges returns the edges of a graph in the order in which they were written.
func edges(g *graph.Graph) []edge {
	var all []edge
	for _, s := range g.Stages {
		for _, in := range s.Inputs {
			all = append(all, edge{in.From, in.Output, in.Port, s})
		}
	}
	return all
}

// describe is a stage's kind and format.
func describe(s *graph.Stage) string {
	if s.Format == "" {
		return s.Kind
	}
	return s.Kind + ", " + s.Format
}
