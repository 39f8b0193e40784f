package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/cli/draw"
	"github.com/onstream/onstream/runtime/graph"
)

func newGraph(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "graph DIR",
		Short:   "Draw a pipeline",
		GroupID: groupWrite,
		Example: `  onstream graph examples/quickstart
  onstream graph --format dot my-pipeline | dot -Tsvg > my-pipeline.svg
  onstream graph --format mermaid my-pipeline      for Markdown`,
		Args: cobra.ExactArgs(1),
	}
	v := addValues(cmd)
	format := addChoice(cmd, "format", "form of the drawing", "text", "dot", "mermaid")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		o := v.options(c)
		o.CheckOnly = true
		l, err := c.load(cmd.Context(), args[0], r, o)
		if err != nil {
			return err
		}
		if output.value == "json" {
			return c.writeJSON(newGraphJSON(l.graph()))
		}
		if err := drawing(format.value)(c.stdout, l.graph()); err != nil {
			return failed(fmt.Errorf("write output: %w", err))
		}
		return nil
	}
	return cmd
}

func drawing(format string) func(io.Writer, *graph.Graph) error {
	switch format {
	case "dot":
		return draw.DOT
	case "mermaid":
		return draw.Mermaid
	default:
		return draw.Text
	}
}

// graphJSON is a graph for a program.
type graphJSON struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Stages  []stageJSON `json:"stages"`
}

type stageJSON struct {
	Addr    string       `json:"addr"`
	Role    graph.Role   `json:"role"`
	Kind    string       `json:"kind"`
	Format  string       `json:"format,omitempty"`
	Inputs  []inputJSON  `json:"inputs"`
	Outputs []outputJSON `json:"outputs"`
	File    string       `json:"file"`
	Line    int          `json:"line"`
}

type inputJSON struct {
	From   string `json:"from"`
	Output string `json:"output,omitempty"`
	Port   string `json:"port,omitempty"`
}

type outputJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func newGraphJSON(g *graph.Graph) graphJSON {
	out := graphJSON{Name: g.Name, Version: g.Version, Stages: []stageJSON{}}
	for _, s := range g.Stages {
		stage := stageJSON{
			Addr: s.Addr(), Role: s.Role, Kind: s.Kind, Format: s.Format,
			Inputs: []inputJSON{}, Outputs: []outputJSON{},
			File: s.Pos.File, Line: s.Pos.Line,
		}
		for _, in := range s.Inputs {
			stage.Inputs = append(stage.Inputs, inputJSON{in.From, in.Output, in.Port})
		}
		for _, o := range s.Outputs {
			stage.Outputs = append(stage.Outputs, outputJSON{o.Name, o.Shape.Type.String()})
		}
		out.Stages = append(out.Stages, stage)
	}
	return out
}
