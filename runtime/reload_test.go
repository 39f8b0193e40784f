package runtime_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

func always(name string, keep func(int64) bool) expr {
	return expr{name, func(n int64) (bool, error) { return keep(n), nil }}
}

// start runs a pipeline until the test ends.
func (w *world) start(c runtime.Config, g *graph.Graph) *runtime.Engine {
	c.Registry = &w.registry
	e := runtime.New(c)
	ran := make(chan error, 1)
	go func() { ran <- e.Run(context.Background(), g) }()
	w.until("start", func() bool { return e.Stats().Ready })
	w.t.Cleanup(func() {
		e.Drain()
		if err := <-ran; err != nil {
			w.t.Error(err)
		}
		for _, s := range e.Stats().Stages {
			if !s.Balanced() {
				w.t.Errorf("%s is not balanced after the reload: %+v", s.Addr, s)
			}
		}
	})
	return e
}

func TestReloadKeepsWhatDidNotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	build := func(cond expr, extra ...*graph.Stage) *graph.Graph {
		tally := transform("tally", "keyed", nil, from("source.in"))
		tally.Key = keyExpr{}
		return w.pipeline(append([]*graph.Stage{
			source("in", map[string]any{"size": int64(10)}), tally,
			transform("where", "kept", map[string]any{"where": cond}, from("transform.keyed")),
			sink("out", from("transform.kept")),
		}, extra...)...)
	}
	e := w.start(runtime.Config{Workers: 3}, build(always("even", func(n int64) bool { return n%2 == 0 })))
	w.until("records", func() bool { return len(w.written("sink.out")) > 500 })
	changes, err := e.Reload(context.Background(), build(always("odd", func(n int64) bool { return n%2 == 1 }), sink("second", from("source.in"))))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintln(changes[0].Addr, changes[0].Kind, changes[1].Addr, changes[1].Kind, len(changes)); got != "transform.kept changed sink.second added 2\n" {
		t.Errorf("changes: %s", got)
	}
	w.until("records after the reload", func() bool {
		got := w.written("sink.out")
		return strings.Fields(got[len(got)-1])[0][len(strings.Fields(got[len(got)-1])[0])-1]%2 == 1 && len(w.written("sink.second")) > 100
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	// The source and the old sink were made once; tally checks that it lost
	// nothing of what it keeps per key, which a new instance would have.
	if w.opens["source.in"] != 1 || w.opens["sink.out"] != 1 {
		t.Errorf("made: %v", w.opens)
	}
}

func TestReloadResumesAChangedSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	build := func(size int64) *graph.Graph {
		return w.pipeline(source("in", map[string]any{"size": size}), sink("out", from("source.in")))
	}
	e := w.start(runtime.Config{}, build(10))
	w.until("records", func() bool { return len(w.written("sink.out")) > 500 })
	if _, err := e.Reload(context.Background(), build(20)); err != nil {
		t.Fatal(err)
	}
	before := len(w.written("sink.out"))
	w.until("records after the reload", func() bool { return len(w.written("sink.out")) > before+500 })
	seen := map[string]int{}
	for _, l := range w.written("sink.out") {
		seen[strings.Fields(l)[0]]++
	}
	for n := range len(seen) {
		if seen[fmt.Sprint(n)] == 0 {
			t.Fatalf("record %d was lost in the reload", n)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.resumed) == 0 {
		t.Error("the new source was not told where to resume")
	}
}

func TestReloadMendsASinkThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakSink("sink.out", errDown)
	build := func(attr string) *graph.Graph {
		g := w.pipeline(source("in", map[string]any{"to": int64(5000), "size": int64(10)}), sink("out", from("source.in")))
		g.Stage("sink.out").Config = plugins.NewConfig(map[string]any{"url": attr})
		g.Stage("sink.out").Retry = graph.Retry{Backoff: 1 << 40, MaxBackoff: 1 << 41} // it would wait for long
		return g
	}
	e := w.start(runtime.Config{}, build("wrong"))
	// All has been read by then: the records wait for the sink alone.
	w.until("the input's end and a failed write", func() bool {
		st := e.Stats()
		return st.Stages[0].In == 5000 && st.Stages[1].Retries > 0
	})
	w.breakSink("sink.out", nil)
	if _, err := e.Reload(context.Background(), build("right")); err != nil {
		t.Fatal(err)
	}
	w.until("all records", func() bool { return len(w.written("sink.out")) == 5000 })
}

func TestReloadRemovesStages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	build := func(more bool) *graph.Graph {
		stages := []*graph.Stage{source("in", map[string]any{"size": int64(10)}), sink("out", from("source.in"))}
		if more {
			tally := transform("tally", "keyed", nil, from("source.in"))
			tally.Key = keyExpr{}
			stages = append(stages, tally, sink("keyed", from("transform.keyed")), source("more", map[string]any{"size": int64(5)}), sink("more", from("source.more")))
		}
		return w.pipeline(stages...)
	}
	e := w.start(runtime.Config{Workers: 2}, build(true))
	for range 20 {
		n := len(w.written("sink.keyed"))
		w.until("records", func() bool { return len(w.written("sink.keyed")) > n+50 && len(w.written("sink.more")) > 50 })
		if _, err := e.Reload(context.Background(), build(false)); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Reload(context.Background(), build(true)); err != nil {
			t.Fatal(err)
		}
	}
	w.until("records of the source that stayed", func() bool { return len(w.written("sink.out")) > 1000 })
	for i, l := range w.written("sink.out") {
		if !strings.HasPrefix(l, fmt.Sprint(i, " ")) {
			t.Fatalf("record %d is %q", i, l)
		}
	}
}

func TestBadReloadLeavesTheOldPipelineRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	build := func() *graph.Graph {
		return w.pipeline(source("in", map[string]any{"size": int64(10)}), sink("out", from("source.in")))
	}
	e := w.start(runtime.Config{}, build())
	bad := build()
	bad.Stages = append(bad.Stages, &graph.Stage{Role: graph.Sink, Kind: "nonsense", Name: "bad", Format: "text", Inputs: []graph.Input{from("source.in")}})
	_, err := e.Reload(context.Background(), bad)
	if err == nil || !strings.Contains(err.Error(), `sink.bad: no sink kind "nonsense" is registered`) {
		t.Errorf("Reload returned %v", err)
	}
	n := len(w.written("sink.out"))
	w.until("more records", func() bool { return len(w.written("sink.out")) > n+500 })
}

// exclusive is a sink that must not be open twice, as one that truncates a file.
type exclusive struct {
	lines
	open *int
}

func (s *exclusive) Open(context.Context) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if *s.open++; *s.open > 1 {
		s.w.t.Error("a sink was opened while the one that it replaces was open")
	}
	return nil
}

func (s *exclusive) Close(context.Context) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	*s.open--
	return nil
}

func TestReloadOpensASinkWhenTheOldOneIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := 0
	kind, _ := w.registry.Sink("lines")
	kind.Name = "exclusive"
	kind.New = func(_ plugins.Config, env plugins.Env) (plugins.Sink, error) {
		w.count(fmt.Sprint(env.Stage, " replaces ", env.Replaces))
		return &exclusive{lines{w: w, addr: env.Stage}, &open}, nil
	}
	if err := w.registry.AddSink(kind); err != nil {
		t.Fatal(err)
	}
	build := func(path string, retries int, more ...*graph.Stage) *graph.Graph {
		g := w.pipeline(append([]*graph.Stage{source("in", map[string]any{"size": int64(10)}), ofKind("exclusive", sink("out", from("source.in")))}, more...)...)
		g.Stage("sink.out").Config = plugins.NewConfig(map[string]any{"path": path})
		g.Stage("sink.out").Retry.Max = retries
		return g
	}
	e := w.start(runtime.Config{}, build("a", 1))
	bad := ofKind("nonsense", sink("bad", from("source.in")))
	if _, err := e.Reload(context.Background(), build("b", 1, bad)); err == nil {
		t.Error("a reload with an unknown kind was not refused")
	}
	made := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.opens["sink.out replaces true"]
	}
	before := made()
	if _, err := e.Reload(context.Background(), build("a", 2)); err != nil {
		t.Error(err)
	}
	if made() != before {
		t.Error("a reload that changed retries alone made another sink")
	}
	if _, err := e.Reload(context.Background(), build("b", 2)); err != nil {
		t.Error(err)
	}
	n := len(w.written("sink.out"))
	w.until("records after the reload", func() bool { return len(w.written("sink.out")) > n+100 })
	for i, l := range w.written("sink.out") {
		if !strings.HasPrefix(l, fmt.Sprint(i, " ")) {
			t.Fatalf("record %d is %q", i, l)
		}
	}
	if made() != before+1 {
		t.Error("a reload that changed the path did not make another sink")
	}
}
