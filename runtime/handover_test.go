package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// shape is what reloads change about a pipeline that counts numbers.
type shape struct {
	size    int64
	note    string // changes the stage, not what it keeps
	stage   string // its name
	sink    string // its name
	side    bool   // there is a second sink
	workers int
}

// otherName are the names that stages change between.
var otherName = map[string]string{"count": "tallied", "tallied": "count", "out": "out2", "out2": "out"}

// shaped makes the pipeline. Its renamed blocks stay where they are once
// something was renamed, as they do in files.
func (w *world) shaped(s shape, renamed map[string]bool, interval time.Duration) *graph.Graph {
	count := keyedStage("counter", s.stage, map[string]any{"note": s.note}, from("source.in"))
	stages := []*graph.Stage{
		source("in", map[string]any{"size": s.size}), count, sink(s.sink, from("transform."+s.stage)),
	}
	if s.side {
		stages = append(stages, sink("side", from("source.in")))
	}
	g := w.pipeline(stages...)
	g.Checkpoint = graph.Checkpoint{Interval: interval, Durability: graph.Fsync}
	if renamed["stage"] {
		g.Renamed = append(g.Renamed, graph.Renamed{From: "transform." + otherName[s.stage], To: "transform." + s.stage})
	}
	if renamed["sink"] {
		g.Renamed = append(g.Renamed, graph.Renamed{From: "sink." + otherName[s.sink], To: "sink." + s.sink})
	}
	return g
}

// latest returns the greatest number of each key that was written.
func (w *world) latest(rt *rapid.T) (latest [7]int64) {
	for _, line := range append(w.written("sink.out"), w.written("sink.out2")...) {
		var n int64
		if _, err := fmt.Sscan(line, &n); err != nil {
			rt.Fatal(err)
		}
		latest[n%7] = max(latest[n%7], n)
	}
	return latest
}

// Reloads of anything, sinks that fail, crashes: each number is counted once
// and written at least once, and without a crash not twice.
func TestNothingIsLostOverReloads(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.addStateful()
		dir := folder(t, rt)
		interval := time.Duration(rapid.IntRange(300, 4000).Draw(rt, "interval")) * time.Microsecond
		now := shape{size: 20, stage: "count", sink: "out", workers: 2}
		var e *runtime.Engine
		var ended chan error
		var crash context.CancelFunc
		renamed := map[string]bool{}
		start := func() {
			var ctx context.Context
			ctx, crash = context.WithCancel(context.Background())
			e = runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: now.workers, DrainTimeout: 20 * time.Second})
			ended = make(chan error, 1)
			g := w.shaped(now, renamed, interval)
			go func() { ended <- e.Run(ctx, g) }()
			w.until("the pipeline to run", func() bool { return e.Stats().Ready || len(ended) > 0 })
		}
		crashes := 0
		flow := func() {
			before := len(w.written("sink.out")) + len(w.written("sink.out2"))
			w.until("records", func() bool {
				return len(w.written("sink.out"))+len(w.written("sink.out2")) > before+30 || len(ended) > 0
			})
		}
		start()
		defer func() { crash() }()
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			flow()
			broken := rapid.Bool().Draw(rt, "sink is down")
			if broken {
				w.breakSink("sink."+now.sink, errDown)
			}
			switch rapid.IntRange(0, 6).Draw(rt, "step") {
			case 0:
				now.size = rapid.Int64Range(1, 60).Draw(rt, "size")
			case 1:
				now.note = rapid.StringN(1, 3, 3).Draw(rt, "note")
			case 2:
				now.stage = otherName[now.stage]
				renamed["stage"] = true
			case 3:
				now.sink = otherName[now.sink]
				renamed["sink"] = true
			case 4:
				now.side = !now.side
			case 5:
				now.size, now.note = now.size+1, now.note+"!"
			case 6:
				crash()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					rt.Fatal(err)
				}
				crashes++
				now.workers = rapid.IntRange(1, 4).Draw(rt, "workers")
				w.breakSink("sink.out", nil)
				w.breakSink("sink.out2", nil)
				start()
				continue
			}
			if _, err := e.Reload(context.Background(), w.shaped(now, renamed, interval)); err != nil {
				rt.Fatal(err)
			}
			w.breakSink("sink.out", nil)
			w.breakSink("sink.out2", nil)
		}
		// What a crash left unwritten is read again before anything newer.
		latest := w.latest(rt)
		target := slices.Max(latest[:])
		w.until("everything to be written again", func() bool {
			latest := w.latest(rt)
			return slices.Min(latest[:]) > target || len(ended) > 0
		})
		e.Drain()
		if err := <-ended; err != nil {
			rt.Fatal(err)
		}
		all := append(w.written("sink.out"), w.written("sink.out2")...)
		seen, top := map[int64]int{}, int64(0)
		for _, line := range all {
			var n, k, count int64
			if _, err := fmt.Sscan(line, &n, &k, &count); err != nil {
				rt.Fatal(err)
			}
			if count != n/7+1 {
				rt.Fatalf("%d is number %d of its key, it was counted as number %d", n, n/7+1, count)
			}
			seen[n]++
			top = max(top, n)
		}
		for n := range top + 1 {
			if seen[n] == 0 || crashes == 0 && seen[n] > 1 {
				rt.Fatalf("%d was written %d times, with %d crashes", n, seen[n], crashes)
			}
		}
	})
}

// Inputs may come and go in front of a keyed stage.
func TestReloadChangesInputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	build := func(names ...string) *graph.Graph {
		var stages []*graph.Stage
		var inputs []graph.Input
		for _, name := range names {
			stages = append(stages, source(name, map[string]any{"size": int64(5)}))
			inputs = append(inputs, from("source."+name))
		}
		return w.pipeline(append(stages, keyedStage("counter", "count", nil, inputs...), sink("out", from("transform.count")))...)
	}
	e := runtime.New(runtime.Config{Registry: &w.registry, Workers: 2})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background(), build("a", "b")) }()
	for _, names := range [][]string{{"a"}, {"a", "c", "b"}, {"b"}} {
		before := len(w.written("sink.out"))
		w.until("records", func() bool { return len(w.written("sink.out")) > before+200 })
		if _, err := e.Reload(context.Background(), build(names...)); err != nil {
			t.Fatal(err)
		}
	}
	e.Drain()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// A reload that cannot go on is refused, and the old pipeline keeps its names.
func TestRefusedReloadMovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	dir := t.TempDir()
	now := shape{size: 10, stage: "count", sink: "out", workers: 2}
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: 2})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background(), w.shaped(now, nil, time.Millisecond)) }()
	w.until("records", func() bool { return len(w.written("sink.out")) > 200 })
	next := now
	next.stage = "tallied"
	g := w.shaped(next, map[string]bool{"stage": true}, time.Millisecond)
	g.Stages[1].Config = plugins.NewConfig(map[string]any{"shape": "another"})
	if _, err := e.Reload(context.Background(), g); err == nil || !strings.Contains(err.Error(), "another shape") {
		t.Fatalf("got %v, want a refusal", err)
	}
	before := len(w.written("sink.out"))
	w.until("records after the refusal", func() bool { return len(w.written("sink.out")) > before+200 })
	e.Drain()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	e = runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: 3})
	go func() { ended <- e.Run(context.Background(), w.shaped(now, nil, time.Millisecond)) }()
	before = len(w.written("sink.out"))
	w.until("records after a restart", func() bool { return len(w.written("sink.out")) > before+200 })
	e.Drain()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	lines := w.written("sink.out")
	if repeats := w.counts(t, "sink.out", int64(len(lines))); repeats != 0 {
		t.Errorf("%d numbers were written twice", repeats)
	}
}
