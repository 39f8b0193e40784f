package draw

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/onstream/onstream/runtime/graph"
)

// DOT draws the graph in the language of Graphviz.
func DOT(w io.Writer, g *graph.Graph) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", quoteDOT(g.Name))
	b.WriteString("  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n")
	for _, s := range g.Stages {
		fmt.Fprintf(&b, "  %s [label=%s, shape=%s];\n",
			quoteDOT(s.Addr()), quoteDOT(s.Addr()+"\n"+describe(s)), dotShapes[s.Role])
	}
	commonErrors := false
	for _, e := range edges(g) {
		style := ""
		if e.from == graph.Errors || e.output == graph.Errors {
			style = ", style=dashed"
			commonErrors = commonErrors || e.from == graph.Errors
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", quoteDOT(e.from), quoteDOT(e.to.Addr()), quoteDOT(e.label()), style)
	}
	if commonErrors {
		fmt.Fprintf(&b, "  %s [shape=plaintext];\n", quoteDOT(graph.Errors))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

var dotShapes = map[graph.Role]string{graph.Source: "cds", graph.Transform: "box", graph.Sink: "note"}

// quoteDOT quotes the way Go does; DOT knows the escapes that can occur here.
func quoteDOT(s string) string { return strconv.Quote(s) }
