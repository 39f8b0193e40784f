package draw_test

import (
	"io"
	"strings"
	"testing"

	"github.com/onstream/onstream/cli/draw"
	"github.com/onstream/onstream/runtime/graph"
)

// pipeline has named outputs, a fan-out, a fan-in and both kinds of error
// outputs.
func pipeline() *graph.Graph {
	in := func(from, output string) graph.Input { return graph.Input{From: from, Output: output} }
	return &graph.Graph{Name: "cold_chain", Version: "1.4.0", Stages: []*graph.Stage{
		{Role: graph.Source, Kind: "file", Name: "sensors", Format: "csv"},
		{Role: graph.Transform, Kind: "route", Name: "verdict", Inputs: []graph.Input{in("source.sensors", "")}},
		{Role: graph.Transform, Kind: "map", Name: "both", Inputs: []graph.Input{
			in("transform.verdict", "hot"), in("transform.verdict", "otherwise")}},
		{Role: graph.Sink, Kind: "stdout", Name: "end", Format: "json", Inputs: []graph.Input{in("transform.both", "")}},
		{Role: graph.Sink, Kind: "discard", Name: "own", Inputs: []graph.Input{in("transform.both", "errors")}},
		{Role: graph.Sink, Kind: "discard", Name: "dead", Inputs: []graph.Input{in("errors", "")}},
	}}
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		draw func(io.Writer, *graph.Graph) error
		want string
	}{
		{"text", draw.Text, `
cold_chain 1.4.0

source.sensors (file, csv)
└─ transform.verdict (route)
   ├─ [hot] transform.both (map)
   │  ├─ sink.end (stdout, json)
   │  └─ [errors] sink.own (discard)
   └─ [otherwise] transform.both (map) …

errors (what failed and nobody else takes)
└─ sink.dead (discard)
`},
		{"dot", draw.DOT, `
digraph "cold_chain" {
  rankdir=LR;
  node [fontname="sans-serif"];
  "source.sensors" [label="source.sensors\nfile, csv", shape=cds];
  "transform.verdict" [label="transform.verdict\nroute", shape=box];
  "transform.both" [label="transform.both\nmap", shape=box];
  "sink.end" [label="sink.end\nstdout, json", shape=note];
  "sink.own" [label="sink.own\ndiscard", shape=note];
  "sink.dead" [label="sink.dead\ndiscard", shape=note];
  "source.sensors" -> "transform.verdict" [label=""];
  "transform.verdict" -> "transform.both" [label="hot"];
  "transform.verdict" -> "transform.both" [label="otherwise"];
  "transform.both" -> "sink.end" [label=""];
  "transform.both" -> "sink.own" [label="errors", style=dashed];
  "errors" -> "sink.dead" [label="", style=dashed];
  "errors" [shape=plaintext];
}
`},
		{"mermaid", draw.Mermaid, `
flowchart LR
  s0(["source.sensors<br/>file, csv"])
  s1["transform.verdict<br/>route"]
  s2["transform.both<br/>map"]
  s3[/"sink.end<br/>stdout, json"/]
  s4[/"sink.own<br/>discard"/]
  s5[/"sink.dead<br/>discard"/]
  s0 --> s1
  s1 -->|hot| s2
  s1 -->|otherwise| s2
  s2 --> s3
  s2 -.->|errors| s4
  errors>errors] -.-> s5
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			if err := test.draw(&got, pipeline()); err != nil {
				t.Fatal(err)
			}
			if want := strings.TrimPrefix(test.want, "\n"); got.String() != want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}
