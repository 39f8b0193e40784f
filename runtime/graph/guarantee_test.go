package graph_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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
	case "topic":
		return plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true}
	case "commit":
		return plugins.Capabilities{Transactions: true}
	case "upsert":
		return plugins.Capabilities{Idempotent: true}
	default:
		return plugins.Capabilities{}
	}
}

// terms are those of a pipeline whose kinds tell by their names what they are.
func terms(stored bool) graph.Terms {
	return graph.Terms{
		Capabilities: capabilities,
		Stateful:     func(s *graph.Stage) bool { return s.Kind == "window" },
		Volatile:     func(s *graph.Stage) bool { return s.Kind == "enrich" || s.Name == "random" },
		Stored:       stored,
	}
}

// path returns what is promised from source.in through stages of some kinds to
// a sink.
func path(stored bool, require graph.Guarantee, source string, sink *graph.Stage, kinds ...string) graph.Path {
	g := &graph.Graph{Require: require, Stages: []*graph.Stage{stage("source.in", source)}}
	last := "source.in"
	for _, k := range kinds {
		g.Stages = append(g.Stages, stage("transform."+k, k, last))
		last = "transform." + k
	}
	sink.Inputs = []graph.Input{{From: last}}
	g.Stages = append(g.Stages, sink)
	return g.Paths(terms(stored))[0]
}

func TestPathGuarantees(t *testing.T) {
	t.Parallel()
	plain := func() *graph.Stage { return stage("sink.out", "print") }
	upsert := func() *graph.Stage { return stage("sink.out", "upsert") }
	commit := func() *graph.Stage { return stage("sink.out", "commit") }
	random := func() *graph.Stage { return stage("sink.random", "upsert") }
	const strict = graph.EffectivelyOnce
	for _, c := range []struct {
		name    string
		path    graph.Path
		want    graph.Guarantee
		state   graph.StateGuarantee
		weakens string
	}{
		{"file to print", path(true, "", "file", plain()), graph.AtLeastOnce, graph.NoState, "the sink writes again what the last checkpoint (every 1s) did not know as written"},
		{"file to upsert", path(true, "", "file", upsert()), graph.EffectivelyOnce, graph.NoState, ""},
		{"file by window to print", path(true, "", "file", plain(), "window"), graph.AtLeastOnce, graph.StateExactlyOnce, "the sink writes again"},
		{"file by window to upsert", path(true, "", "file", upsert(), "window"), graph.EffectivelyOnce, graph.StateExactlyOnce, ""},
		{"file by enrich to print", path(true, "", "file", plain(), "enrich"), graph.AtLeastOnce, graph.NoState, "what is written again may be different: transform.enrich depends on more"},
		{"file by enrich to upsert", path(true, "", "file", upsert(), "enrich"), graph.AtLeastOnce, graph.NoState, "then counts twice: transform.enrich depends on more than the record, such as on the clock or on what came first; with require"},
		{"file by enrich to upsert, strict", path(true, strict, "file", upsert(), "enrich"), graph.EffectivelyOnce, graph.NoState, "the sink waits for the checkpoint (1s)"},
		{"file to random upsert, strict", path(true, strict, "file", random()), graph.AtLeastOnce, graph.NoState, "sink.random depends on more"},
		{"http to print", path(true, "", "http", plain()), graph.AtLeastOnce, graph.NoState, "clients may give up"},
		{"http to upsert", path(true, "", "http", upsert()), graph.EffectivelyOnce, graph.NoState, "clients may give up"},
		{"http by window to upsert", path(true, "", "http", upsert(), "window"), graph.EffectivelyOnce, graph.StateExactlyOnce, "clients may give up"},
		{"topic to print", path(true, "", "topic", plain()), graph.AtLeastOnce, graph.NoState, "the sink writes again"},
		{"topic by window to print", path(true, "", "topic", plain(), "window"), graph.AtLeastOnce, graph.StateExactlyOnce, "one process only: what transform.window keeps does not go with the partitions of source.in"},
		{"topic to transactions", path(true, "", "topic", commit()), graph.ExactlyOnce, graph.NoState, "readers see records when their transaction is committed, with the checkpoint (every 1s)"},
		{"file by enrich to transactions", path(true, "", "file", commit(), "enrich"), graph.ExactlyOnce, graph.NoState, "readers see records"},
		{"file by window to transactions", path(true, "", "file", commit(), "window"), graph.ExactlyOnce, graph.StateExactlyOnce, "readers see records"},
		{"timer to transactions", path(true, "", "timer", commit()), graph.AtMostOnce, graph.NoState, "cannot be read again"},
		{"timer to print", path(true, "", "timer", plain()), graph.AtMostOnce, graph.NoState, "cannot be read again"},
		{"timer to upsert", path(true, "", "timer", upsert()), graph.AtMostOnce, graph.NoState, "cannot be read again"},
		{"timer by window to upsert", path(true, "", "timer", upsert(), "window"), graph.AtMostOnce, graph.StateAtMostOnce, "what transform.window took in since the last checkpoint (every 1s) is lost"},

		{"memory: file to print", path(false, "", "file", plain()), graph.AtLeastOnce, graph.NoState, "source.in is read from its start, and the sink writes everything again"},
		{"memory: file to upsert", path(false, "", "file", upsert()), graph.EffectivelyOnce, graph.NoState, ""},
		{"memory: file by window to print", path(false, "", "file", plain(), "window"), graph.AtLeastOnce, graph.StateLost, "transform.window took in: state is kept in memory only; run with --state DIR"},
		{"memory: file by enrich to upsert", path(false, "", "file", upsert(), "enrich"), graph.AtLeastOnce, graph.NoState, "transform.enrich depends on more"},
		{"memory: topic to print", path(false, "", "topic", plain()), graph.AtLeastOnce, graph.NoState, "what source.in had not acknowledged comes again"},
		{"memory: topic by window to print", path(false, "", "topic", plain(), "window"), graph.AtMostOnce, graph.StateLost, "state is kept in memory only"},
		{"memory: http to print", path(false, "", "http", plain()), graph.AtLeastOnce, graph.NoState, "had not acknowledged comes again"},
		{"memory: http by window to upsert", path(false, "", "http", upsert(), "window"), graph.AtMostOnce, graph.StateLost, "state is kept in memory only"},
		{"memory: timer by window to upsert", path(false, "", "timer", upsert(), "window"), graph.AtMostOnce, graph.StateLost, "state is kept in memory only"},
	} {
		if c.path.Guarantee != c.want || c.path.State != c.state {
			t.Errorf("%s: %s, state %s; want %s, state %s", c.name, c.path.Guarantee, c.path.State, c.want, c.state)
		}
		if got := strings.Join(c.path.Weakens, "; "); !strings.Contains(got, c.weakens) || (c.weakens == "") != (got == "") {
			t.Errorf("%s is weakened by %q", c.name, got)
		}
	}
}

// What holds for several reasons is told once, and so is what holds of several
// stages.
func TestReasonsOnce(t *testing.T) {
	t.Parallel()
	g := &graph.Graph{Stages: []*graph.Stage{
		stage("source.in", "topic"),
		stage("transform.a", "window", "source.in"), stage("transform.b", "window", "transform.a"),
		stage("sink.out", "print", "transform.b"),
	}}
	t.Run("stages", func(t *testing.T) {
		t.Parallel()
		got := strings.Join(g.Paths(terms(true))[0].Weakens, "\n")
		if !strings.Contains(got, "what transform.a and transform.b keep does not go") || strings.Count(got, "one process only") != 1 {
			t.Errorf("got\n%s", got)
		}
	})
	t.Run("kinds", func(t *testing.T) {
		t.Parallel()
		same := terms(true)
		same.Capabilities = func(*graph.Stage) plugins.Capabilities {
			return plugins.Capabilities{Seekable: true, Weakens: "the bus is in memory"}
		}
		got := strings.Join(g.Paths(same)[0].Weakens, "\n")
		if strings.Count(got, "the bus is in memory") != 1 {
			t.Errorf("got\n%s", got)
		}
	})
}

// What is not waited for is honest about what a kill or power loss takes.
func TestDurability(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"file": "it goes on from a checkpoint that is up to 10s older, and the sink writes more again",
		"http": "it goes on from a checkpoint that is up to 10s older, and the sink writes more again",
	} {
		g := &graph.Graph{
			Checkpoint: graph.Checkpoint{Interval: 5 * time.Second, Durability: graph.OS},
			Stages:     []*graph.Stage{stage("source.in", source), stage("transform.w", "window", "source.in"), stage("sink.out", "print", "transform.w")},
		}
		got := strings.Join(g.Paths(terms(true))[0].Weakens, "; ")
		if !strings.Contains(got, want) || !strings.Contains(got, "(every 5s)") {
			t.Errorf("%s: %q lacks %q", source, got, want)
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
	paths := g.Paths(terms(true))
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
	if p := g.Paths(terms(true))[0]; p.Guarantee != graph.AtLeastOnce {
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
	if paths := g.Paths(terms(true)); len(paths) != 1 || len(paths[0].Between) != 180 {
		t.Errorf("%d paths", len(paths))
	}
}

// What several sinks commit is not of one step, and neither is what goes with a
// partition to another process.
func TestTransactionsThatAreNotExact(t *testing.T) {
	t.Parallel()
	window := stage("transform.w", "window", "source.in")
	window.Follows = "source.in"
	for want, stages := range map[string][]*graph.Stage{
		"several sinks have transactions (sink.out and sink.other)": {
			stage("source.in", "file"), stage("sink.out", "commit", "source.in"), stage("sink.other", "commit", "source.in"),
		},
		"without key in source.in one process has all": {
			stage("source.in", "topic"), window, stage("sink.out", "commit", "transform.w"),
		},
	} {
		p := (&graph.Graph{Stages: stages}).Paths(terms(true))[0]
		if got := strings.Join(p.Weakens, "; "); p.Guarantee != graph.AtLeastOnce || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", p.Guarantee, got, want)
		}
	}
}
