package draw

import (
	"fmt"
	"io"
	"strings"

	"github.com/onstream/onstream/runtime/graph"
)

// Mermaid draws the graph as a Mermaid flowchart, for Markdown.
func Mermaid(w io.Writer, g *graph.Graph) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := map[string]string{}
	for i, s := range g.Stages {
		// Names may be words of Mermaid's own, such as "end".
		id := fmt.Sprintf("s%d", i)
		ids[s.Addr()] = id
		shape := mermaidShapes[s.Role]
		fmt.Fprintf(&b, "  %s%s%s<br/>%s%s\n", id, shape.open, s.Addr(), describe(s), shape.close)
	}
	for _, e := range edges(g) {
		from, arrow := ids[e.from], "-->"
		if e.from == graph.Errors {
			from = `errors>errors]`
		}
		if e.from == graph.Errors || e.output == graph.Errors {
			arrow = "-.->"
		}
		if l := e.label(); l != "" {
			arrow += "|" + l + "|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", from, arrow, ids[e.to.Addr()])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type brackets struct{ open, close string }

var mermaidShapes = map[graph.Role]brackets{
	graph.Source:    {`(["`, `"])`},
	graph.Transform: {`["`, `"]`},
	graph.Sink:      {`[/"`, `"/]`},
}
