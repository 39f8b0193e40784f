package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// stage makes a stage with one output and the inputs "ADDRESS" or
// "ADDRESS.OUTPUT".
func stage(addr, kind string, inputs ...string) *graph.Stage {
	role, name, _ := strings.Cut(addr, ".")
	s := &graph.Stage{Role: graph.Role(role), Name: name, Kind: kind}
	if s.Role != graph.Sink {
		s.Outputs = []plugins.Output{{}}
	}
	for _, in := range inputs {
		parts := append(strings.SplitN(in, ".", 3), "")
		if in == graph.Errors {
			s.Inputs = append(s.Inputs, graph.Input{From: graph.Errors})
			continue
		}
		s.Inputs = append(s.Inputs, graph.Input{From: parts[0] + "." + parts[1], Output: parts[2]})
	}
	return s
}

func capabilities(s *graph.Stage) plugins.Capabilities {
	switch s.Kind {
	case "file":
		return plugins.Capabilities{Seekable: true}
	case "http":
		return plugins.Capabilities{Redelivers: true, Weakens: "clients may give up"}
	case "upsert":
		return plugins.Capabilities{Idempotent: true}
	default:
		return plugins.Capabilities{}
	}
}

func TestPathGuarantees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, sink string
		want         graph.Guarantee
		weakens      string
	}{
		{"file", "print", graph.AtLeastOnce, "positions are not stored yet"},
		{"file", "upsert", graph.EffectivelyOnce, ""},
		{"http", "print", graph.AtLeastOnce, "had not acknowledged comes again"},
		{"http", "upsert", graph.EffectivelyOnce, "clients may give up"},
		{"timer", "print", graph.AtMostOnce, "cannot be read again"},
		{"timer", "upsert", graph.AtMostOnce, "cannot be read again"},
	} {
		g := &graph.Graph{Stages: []*graph.Stage{stage("source.in", c.source), stage("sink.out", c.sink, "source.in")}}
		paths := g.Paths(capabilities)
		if len(paths) != 1 {
			t.Fatalf("%d paths", len(paths))
		}
		p := paths[0]
		if p.Source != "source.in" || p.Sink != "sink.out" || p.Guarantee != c.want {
			t.Errorf("%s to %s: %s from %s to %s", c.source, c.sink, p.Guarantee, p.Source, p.Sink)
		}
		if got := strings.Join(p.Weakens, "; "); !strings.Contains(got, c.weakens) || (c.weakens == "") != (got == "") {
			t.Errorf("%s to %s is weakened by %q", c.source, c.sink, got)
		}
	}
}

// TestPathsThroughGraph has two sources, a way that parts and meets again, and
// sinks for what fails.
func TestPathsThroughGraph(t *testing.T) {
	t.Parallel()
	left := stage("transform.left", "filter", "source.file")
	left.OnError = graph.Drop
	lossy := stage("sink.lossy", "print", "transform.join")
	lossy.Retry.Max = 3
	g := &graph.Graph{Stages: []*graph.Stage{
		stage("source.file", "file"),
		stage("source.timer", "timer"),
		left,
		stage("transform.right", "filter", "source.file"),
		stage("transform.join", "filter", "transform.left", "transform.right"),
		stage("transform.apart", "filter", "source.timer"),
		lossy,
		stage("sink.apart", "print", "transform.apart"),
		stage("sink.dead", "upsert", "transform.right.errors"),
	}}
	paths := g.Paths(capabilities)
	var got []string
	for _, p := range paths {
		text := p.Source + " " + p.Sink + " " + string(p.Guarantee) + " " + strings.Join(p.Between, ",")
		if p.Errors {
			text += " errors"
		}
		got = append(got, text)
	}
	want := []string{
		"source.file sink.lossy at_most_once transform.left,transform.right,transform.join",
		"source.file sink.dead effectively_once transform.right errors",
		"source.timer sink.apart at_most_once transform.apart",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	reasons := strings.Join(paths[0].Weakens, "; ")
	for _, want := range []string{"transform.left drops records that fail", "sink.lossy gives up after 3 retries and nobody takes its errors"} {
		if !strings.Contains(reasons, want) {
			t.Errorf("%q lacks %q", reasons, want)
		}
	}
	// With someone to take what the sink gives up on, nothing is lost.
	g.Stages = append(g.Stages, stage("sink.rest", "print", graph.Errors))
	if p := g.Paths(capabilities)[0]; p.Guarantee != graph.AtLeastOnce {
		t.Errorf("with an error sink the path is %s", p.Guarantee)
	}
}

// TestPathsOfManyDiamonds has more ways than could be listed one by one.
func TestPathsOfManyDiamonds(t *testing.T) {
	t.Parallel()
	g := &graph.Graph{Stages: []*graph.Stage{stage("source.in", "file")}}
	last := "source.in"
	for i := range 60 {
		name := string(rune('a'+i/26)) + string(rune('a'+i%26))
		g.Stages = append(g.Stages, stage("transform.l"+name, "filter", last), stage("transform.r"+name, "filter", last),
			stage("transform.j"+name, "filter", "transform.l"+name, "transform.r"+name))
		last = "transform.j" + name
	}
	g.Stages = append(g.Stages, stage("sink.out", "print", last))
	if paths := g.Paths(capabilities); len(paths) != 1 || len(paths[0].Between) != 180 {
		t.Errorf("%d paths", len(paths))
	}
}
