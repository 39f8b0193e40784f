package draw

import (
	"fmt"
	"io"
	"strings"

	"github.com/onstream/onstream/runtime/graph"
)

// Text draws the graph as a tree from each source, and from the common error
// output if somebody takes it, downstream. What is below a stage with several
// inputs is drawn once.
func Text(w io.Writer, g *graph.Graph) error {
	t := text{g: g, edges: edges(g), seen: map[string]bool{}}
	t.line(title(g))
	for _, s := range g.Stages {
		if s.Role == graph.Source {
			t.line("")
			t.tree(s, "", "", "")
		}
	}
	if rest := t.out(graph.Errors); len(rest) > 0 {
		t.line("")
		t.line("errors (what failed and nobody else takes)")
		t.children(rest, "")
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

func title(g *graph.Graph) string {
	return strings.TrimSpace(g.Name + " " + g.Version)
}

type text struct {
	g     *graph.Graph
	edges []edge
	seen  map[string]bool
	b     strings.Builder
}

func (t *text) line(s string) { t.b.WriteString(s + "\n") }

func (t *text) out(from string) []edge {
	var out []edge
	for _, e := range t.edges {
		if e.from == from {
			out = append(out, e)
		}
	}
	return out
}

// tree draws a stage and what is below it. The first line gets the prefix and
// the label, the others the indent.
func (t *text) tree(s *graph.Stage, prefix, label, indent string) {
	line := fmt.Sprintf("%s%s%s (%s)", prefix, label, s.Addr(), describe(s))
	below := t.out(s.Addr())
	if t.seen[s.Addr()] {
		if len(below) > 0 {
			line += " …" // drawn above
		}
		t.line(line)
		return
	}
	t.seen[s.Addr()] = true
	t.line(line)
	t.children(below, indent)
}

func (t *text) children(below []edge, indent string) {
	for i, e := range below {
		branch, deeper := "├─ ", "│  "
		if i == len(below)-1 {
			branch, deeper = "└─ ", "   "
		}
		label := e.label()
		if label != "" {
			label = "[" + label + "] "
		}
		t.tree(e.to, indent+branch, label, indent+deeper)
	}
}
