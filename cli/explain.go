package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
)

func newExplain(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain [DIR] ADDR",
		Short:   "Tell what a stage gets, gives and computes",
		GroupID: groupWrite,
		Long: `Tell what is known about a stage before anything runs: the types of the records
that come in and go out, when each attribute is evaluated, which fields it
reads, what was computed in advance, and which functions have no kernel and
convert their arguments.`,
		Example: `  onstream explain examples/quickstart transform.reading
  onstream explain source.fleet      in the current directory`,
		Args: cobra.RangeArgs(1, 2),
	}
	v := addValues(cmd)
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		dir, addr := ".", args[0]
		if len(args) == 2 {
			dir, addr = args[0], args[1]
		}
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		o := v.options(c)
		o.CheckOnly = true
		l, err := c.load(cmd.Context(), dir, r, o)
		if err != nil {
			return err
		}
		e, err := l.pipeline.Explain(addr)
		if err != nil {
			return invalid(err)
		}
		if output.value == "json" {
			return c.writeJSON(newExplanationJSON(e))
		}
		return writeExplanation(c.stdout, e)
	}
	return cmd
}

func writeExplanation(out io.Writer, e *dsl.Explanation) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s (%s), %s:%d\n", e.Addr, e.Kind, e.Pos.File, e.Pos.Line)
	if e.Doc != "" {
		fmt.Fprintf(w, "  %s\n", e.Doc)
	}
	if len(e.Inputs) > 0 {
		fmt.Fprintf(w, "\nfrom %s\n", strings.Join(e.Inputs, ", "))
		if len(e.Ports) == 0 {
			writeType(w, "takes", e.In)
		}
		for _, p := range e.Ports {
			writeType(w, "takes "+p.Name, p.Type)
		}
	}
	for _, o := range e.Outputs {
		heading := "gives"
		if o.Name != "" {
			heading += " " + o.Name
		}
		writeType(w, heading, o.Shape.Type)
	}
	if len(e.Attributes) > 0 {
		fmt.Fprintf(w, "\nattributes\n")
	}
	for _, a := range e.Attributes {
		phase := string(a.Phase)
		if a.Phase == dsl.EventPhase {
			phase += ", " + a.Type.String()
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", a.Path, phase, oneLine(a.Text))
		if reads := append(fieldNames(a.Reads), a.Given...); len(reads) > 0 {
			fmt.Fprintf(w, "  \treads\t%s\n", strings.Join(reads, ", "))
		}
		for _, f := range a.Folded {
			fmt.Fprintf(w, "  \tcomputed once\t%s → %s\n", oneLine(f.Source), f.Value)
		}
		if len(a.Fallbacks) > 0 {
			fmt.Fprintf(w, "  \twithout kernel\t%s\n", strings.Join(a.Fallbacks, ", "))
		}
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

// writeType writes what a record may hold.
func writeType(w io.Writer, heading string, t plugins.Type) {
	fmt.Fprintf(w, "\n%s\n", heading)
	for _, f := range t.Fields {
		fmt.Fprintf(w, "  %s\t%s\n", f.Name, f.Type)
	}
	switch {
	case t.Kind != plugins.Any:
	case len(t.Fields) > 0:
		fmt.Fprintf(w, "  and whatever else is in the record\n")
	default:
		fmt.Fprintf(w, "  whatever is in the record\n")
	}
}

func fieldNames(fields []plugins.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = strings.Join(append([]string{"event"}, plugins.SplitPath(f.Name)...), ".")
	}
	return names
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// explanationJSON is an explanation for a program.
type explanationJSON struct {
	Addr       string          `json:"addr"`
	Kind       string          `json:"kind"`
	File       string          `json:"file"`
	Line       int             `json:"line"`
	Doc        string          `json:"doc,omitempty"`
	Inputs     []string        `json:"inputs"`
	In         string          `json:"in,omitempty"`
	Ports      []outputJSON    `json:"ports,omitempty"` // what comes in, by input
	Outputs    []outputJSON    `json:"outputs"`
	Attributes []attributeJSON `json:"attributes"`
}

type attributeJSON struct {
	Path      string       `json:"path"`
	Phase     dsl.Phase    `json:"phase"`
	Text      string       `json:"text"`
	Type      string       `json:"type,omitempty"`
	Reads     []string     `json:"reads,omitempty"`
	Given     []string     `json:"given,omitempty"` // by the stage itself
	Folded    []foldedJSON `json:"folded,omitempty"`
	Fallbacks []string     `json:"fallbacks,omitempty"`
	File      string       `json:"file"`
	Line      int          `json:"line"`
}

type foldedJSON struct {
	Source string `json:"source"`
	Value  string `json:"value"`
}

func newExplanationJSON(e *dsl.Explanation) explanationJSON {
	out := explanationJSON{
		Addr: e.Addr, Kind: e.Kind, File: e.Pos.File, Line: e.Pos.Line, Doc: e.Doc,
		Inputs: append([]string{}, e.Inputs...), Outputs: []outputJSON{}, Attributes: []attributeJSON{},
	}
	if len(e.Inputs) > 0 {
		out.In = e.In.String()
	}
	for _, p := range e.Ports {
		out.Ports = append(out.Ports, outputJSON{p.Name, p.Type.String()})
	}
	for _, o := range e.Outputs {
		out.Outputs = append(out.Outputs, outputJSON{o.Name, o.Shape.Type.String()})
	}
	for _, a := range e.Attributes {
		x := attributeJSON{Path: a.Path, Phase: a.Phase, Text: a.Text, Given: a.Given, Fallbacks: a.Fallbacks, File: a.Pos.File, Line: a.Pos.Line}
		if a.Phase == dsl.EventPhase {
			x.Type = a.Type.String()
		}
		for _, f := range a.Reads {
			x.Reads = append(x.Reads, f.Name)
		}
		for _, f := range a.Folded {
			x.Folded = append(x.Folded, foldedJSON{f.Source, f.Value})
		}
		out.Attributes = append(out.Attributes, x)
	}
	return out
}
