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

// Whatever the size of the batches, the number of lanes, the bounds, the
// interval between checkpoints and the moments of the crashes: each record is
// counted once, and none is lost.
func TestStateIsExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.addStateful()
		n := rapid.Int64Range(1, 4000).Draw(rt, "records")
		dir := folder(t, rt)
		config := func() runtime.Config {
			return runtime.Config{
				Workers:            rapid.IntRange(1, 4).Draw(rt, "workers"),
				MaxInFlightRecords: rapid.Int64Range(1, 3000).Draw(rt, "in flight"),
			}
		}
		pipeline := func() *graph.Graph {
			g := w.counting(n, rapid.Int64Range(1, 300).Draw(rt, "size"))
			g.Checkpoint.Interval = time.Duration(rapid.IntRange(200, 5000).Draw(rt, "interval")) * time.Microsecond
			return g
		}
		for range rapid.IntRange(0, 5).Draw(rt, "crashes") {
			w.crashAfter(rapid.IntRange(0, int(n)).Draw(rt, "lines"), "sink.out", dir, pipeline(), config())
		}
		if _, err := w.run(context.Background(), dir, pipeline(), config()); err != nil {
			rt.Fatal(err)
		}
		w.counts(t, "sink.out", n)
		before := len(w.written("sink.out"))
		if _, err := w.run(context.Background(), dir, pipeline(), config()); err != nil {
			rt.Fatal(err)
		}
		if after := len(w.written("sink.out")); after != before {
			rt.Fatalf("%d records were written after everything had been", after-before)
		}
	})
}

// What a sink had not taken when the process ended is in the checkpoint, and
// is not computed a second time.
func TestOutboxIsWrittenAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	const n = 700
	dir := t.TempDir()
	w.breakSink("sink.out", errDown)
	ctx, crash := context.WithCancel(context.Background())
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: 2})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, w.counting(n, 50)) }()
	w.until("a checkpoint with all records", func() bool {
		st := e.Stats()
		return len(st.Stages) > 0 && st.Stages[0].In == n && st.Checkpoint.Number > 0 && st.Stages[1].Keys == 7 && st.Stages[2].Held == n
	})
	seen := time.Now()
	w.until("a checkpoint that is later", func() bool { return e.Stats().Checkpoint.At.After(seen) })
	crash()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.breakSink("sink.out", nil)
	w.mu.Lock()
	w.resumed = nil
	w.mu.Unlock()
	if _, err := w.run(context.Background(), dir, w.counting(n, 50), runtime.Config{Workers: 3}); err != nil {
		t.Fatal(err)
	}
	if repeats := w.counts(t, "sink.out", n); repeats != 0 {
		t.Errorf("%d records were written twice", repeats)
	}
	for p, at := range w.resumed {
		if string(at) != fmt.Sprint(n) {
			t.Errorf("partition %v resumed at %s, not behind the last record", p, at)
		}
	}
}

// A source is told of what is finished only when a checkpoint has it.
func TestAcksFollowCheckpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	g := w.counting(0, 10)
	g.Checkpoint.Interval = time.Hour
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: t.TempDir()})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, g) }()
	w.until("records", func() bool { return len(w.written("sink.out")) > 1000 })
	w.mu.Lock()
	acked := len(w.acked)
	w.mu.Unlock()
	if acked > 0 {
		t.Errorf("%d deliveries were acknowledged before the first checkpoint", acked)
	}
	e.Drain()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if len(w.acked) == 0 {
		t.Error("nothing was acknowledged at the last checkpoint")
	}
}

// A stage that changes on reload keeps what it has, if it can use it.
func TestReloadKeepsState(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", t.TempDir()} {
		w := newWorld(t)
		w.addStateful()
		g := w.counting(0, 10)
		e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: 2})
		ended := make(chan error, 1)
		go func() { ended <- e.Run(context.Background(), g) }()
		for i := range 5 {
			before := len(w.written("sink.out"))
			w.until("records", func() bool { return len(w.written("sink.out")) > before+500 })
			next := w.counting(0, 10)
			next.Stage("transform.count").Config = plugins.NewConfig(map[string]any{"note": fmt.Sprint(i)})
			if changes, err := e.Reload(context.Background(), next); err != nil || len(changes) != 1 {
				t.Fatal(changes, err)
			}
		}
		other := w.counting(0, 10)
		other.Stage("transform.count").Config = plugins.NewConfig(map[string]any{"shape": "another"})
		_, err := e.Reload(context.Background(), other)
		if err == nil || !strings.Contains(err.Error(), "transform.count: what it keeps has another shape") {
			t.Errorf("reload with another shape of state: %v", err)
		}
		e.Drain()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		lines := w.written("sink.out")
		if repeats := w.counts(t, "sink.out", int64(len(lines))); repeats != 0 {
			t.Errorf("%d records were counted twice", repeats)
		}
		if n := w.counted("inherited"); n != 5*2 {
			t.Errorf("%d instances have taken over from others, not one in each lane for each reload", n)
		}
	}
}

// A pipeline that cannot go on with what is stored says so, and how it can.
func TestStateOfAnotherPipeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	dir := t.TempDir()
	w.breakSink("sink.out", errDown)
	ctx, crash := context.WithCancel(context.Background())
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, w.counting(100, 10)) }()
	w.until("a checkpoint with an outbox", func() bool {
		st := e.Stats()
		return st.Checkpoint.Number > 0 && st.Stages[2].Held == 100
	})
	seen := time.Now()
	w.until("a checkpoint that is later", func() bool { return e.Stats().Checkpoint.At.After(seen) })
	crash()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.breakSink("sink.out", nil)

	for want, change := range map[string]func(*graph.Graph){
		"sink.out is gone from the pipeline and ":                                     func(g *graph.Graph) { g.Stages[2].Name = "elsewhere" },
		"of records wait for it in the format text, and its format is json now":       func(g *graph.Graph) { g.Stages[2].Format = "json" },
		"of records wait for it as a sink of kind lines, and it is of kind other now": func(g *graph.Graph) { g.Stages[2].Kind = "other" },
		"transform.count: what it keeps has another shape than what is stored (stored counter: a count, , now counter: a count, more)": func(g *graph.Graph) {
			g.Stages[1].Config = plugins.NewConfig(map[string]any{"shape": "more"})
		},
		"transform.count: it has stored state (counter: a count, ) and is of a kind that keeps none now": func(g *graph.Graph) {
			g.Stages[1].Kind = "tally"
		},
	} {
		g := w.counting(100, 10)
		change(g)
		_, err := w.run(context.Background(), dir, g, runtime.Config{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "onstream state reset ") {
			t.Errorf("got %v\nwant %s, and the way out", err, want)
		}
	}
	g := w.counting(100, 10)
	g.Stages[1].Name, g.Stages[2].Name = "tally", "elsewhere"
	g.Stages[2].Inputs[0].From = "transform.tally"
	g.Renamed = []graph.Renamed{{From: "sink.out", To: "sink.elsewhere"}, {From: "transform.count", To: "transform.tally"}}
	if _, err := w.run(context.Background(), dir, g, runtime.Config{}); err != nil {
		t.Fatal(err)
	}
	w.counts(t, "sink.elsewhere", 100)
}

// With a requirement that repeats have no effect, what may be different the
// next time is written only when a checkpoint has it.
func TestVolatileOutputWaitsForTheCheckpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	if err := w.registry.AddTransform(plugins.TransformKind{
		Name: "whim", Describe: func(plugins.Config) plugins.Description { return plugins.Description{Volatile: true} },
		New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return twice{}, nil },
	}); err != nil {
		t.Fatal(err)
	}
	g := w.pipeline(source("in", map[string]any{"size": int64(10)}),
		transform("whim", "whim", nil, from("source.in")), sink("out", from("transform.whim")), sink("plain", from("source.in")))
	g.Checkpoint.Interval = time.Hour
	g.Require = graph.EffectivelyOnce
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: t.TempDir(), MaxInFlightRecords: 100_000})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background(), g) }()
	w.until("what does not wait", func() bool { return len(w.written("sink.plain")) >= 2000 })
	if n, last := len(w.written("sink.out")), e.Stats().Checkpoint.Number; n > 0 || last > 0 {
		t.Errorf("%d records were written before the first checkpoint, and %d checkpoints before the end", n, last)
	}
	e.Drain()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n, want := len(w.written("sink.out")), 2*len(w.written("sink.plain")); n != want {
		t.Errorf("%d records were written in the end, want %d", n, want)
	}
}

// At the end of the input, stages tell what they still have, each after those
// upstream of it.
func TestFinishGoesDownstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	g := w.pipeline(
		source("in", map[string]any{"to": int64(7000), "size": int64(100)}),
		keyedStage("sum", "first", nil, from("source.in")),
		keyedStage("sum", "second", nil, from("transform.first")),
		sink("first", from("transform.first")),
		sink("second", from("transform.second")),
	)
	e := runtime.New(runtime.Config{Registry: &w.registry, Workers: 3})
	if err := e.Run(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	for addr, count := range map[string]int{"sink.first": 1000, "sink.second": 1} {
		got := w.written(addr)
		slices.Sort(got)
		var want []string
		for k := range 7 {
			want = append(want, fmt.Sprintf("-1 %d %d", k, count))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
}

// A transform that wants to be called at a time is, though no record comes.
func TestTickComesWithoutRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	release := make(chan struct{})
	if err := w.registry.AddSource(plugins.SourceKind{
		Name:   "patient",
		Output: func(plugins.Config) (plugins.Shape, error) { return plugins.Columns(counted.Type.Fields[:2]...), nil },
		New:    func(plugins.Config, plugins.Env) (plugins.Source, error) { return patient{release}, nil },
	}); err != nil {
		t.Fatal(err)
	}
	in := source("in", nil)
	in.Kind = "patient"
	g := w.pipeline(in, keyedStage("alarm", "alarm", map[string]any{"after": 5 * time.Millisecond}, from("source.in")), sink("out", from("transform.alarm")))
	e := runtime.New(runtime.Config{Registry: &w.registry, Workers: 2})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background(), g) }()
	w.until("the alarm", func() bool { return slices.Contains(w.written("sink.out"), "-1 alarm 0") })
	close(release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
}

// Records of the inputs of a kind with ports are told apart.
func TestPorts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addStateful()
	both := transform("sides", "both", nil, graph.Input{From: "source.a", Port: "left"}, graph.Input{From: "source.b", Port: "right"})
	both.Keys = []plugins.Expr{keyExpr{}, keyExpr{}}
	g := w.pipeline(
		source("a", map[string]any{"to": int64(50), "size": int64(7)}),
		source("b", map[string]any{"to": int64(30), "size": int64(4)}),
		both, sink("out", from("transform.both")),
	)
	e := runtime.New(runtime.Config{Registry: &w.registry, Workers: 2})
	if err := e.Run(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	left, right := 0, 0
	for _, line := range w.written("sink.out") {
		if strings.HasSuffix(line, " 0") {
			left++
		} else if strings.HasSuffix(line, " 1") {
			right++
		}
	}
	if left != 50 || right != 30 {
		t.Errorf("%d records came left and %d right, want 50 and 30", left, right)
	}
}
