package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/state"
)

// logged collects what an engine tells.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// running is an engine that runs in the background.
type running struct {
	*runtime.Engine
	t     *testing.T
	crash context.CancelFunc
	ended chan error
}

// launch runs a pipeline until it is crashed or drained.
func (w *world) launch(dir string, g *graph.Graph, c runtime.Config) *running {
	c.Registry, c.StateDir = &w.registry, dir
	r := &running{Engine: runtime.New(c), t: w.t, ended: make(chan error, 1)}
	var ctx context.Context
	ctx, r.crash = context.WithCancel(context.Background())
	w.t.Cleanup(r.crash)
	go func() { r.ended <- r.Run(ctx, g) }()
	return r
}

// kill ends it without a last checkpoint.
func (r *running) kill() {
	r.t.Helper()
	r.crash()
	if err := <-r.ended; !errors.Is(err, context.Canceled) {
		r.t.Fatal(err)
	}
}

// stop ends it in order.
func (r *running) stop() {
	r.t.Helper()
	r.Drain()
	if err := <-r.ended; err != nil {
		r.t.Fatal(err)
	}
}

// inLogs reports whether all numbers are in the logs.
func (c *crew) inLogs(t testing.TB) bool {
	_, all := c.standings(t)
	return all
}

// What waits for a sink is in the log, and was taken from there by a process that was
// killed before it had stored it: it is taken once more.
func TestWhatWaitsIsTakenAgain(t *testing.T) {
	t.Parallel()
	const end = 350
	w, c := newWorld(t), newCrew(end)
	w.addCrew(t, c)
	w.breakSink("sink.out", errDown)
	dir := t.TempDir()
	e := w.launch(dir, w.crewPipeline(c), runtime.Config{})
	w.until("all to be in the logs", func() bool { return c.inLogs(t) })
	e.kill()
	// Its checkpoint is gone, as after a crash between the log and the store.
	s, err := state.Open(dir, "test", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	commit := s.Begin()
	for _, addr := range []string{"source.in", "transform.count", "sink.out"} {
		commit.Forget(addr)
	}
	if err := errors.Join(commit.Write(time.Now(), true), s.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var log logged
		g := w.crewPipeline(c)
		g.Checkpoint.Interval = time.Hour
		e := w.launch(dir, g, runtime.Config{Logger: log.logger()})
		w.until("the partitions to be taken over", func() bool { return log.count("took over a partition") == crewParts })
		w.until("the sink to be tried", func() bool { return retried(e) })
		e.kill()
	}
	w.breakSink("sink.out", nil)
	e = w.launch(dir, w.crewPipeline(c), runtime.Config{})
	w.until("all to be written", func() bool { return w.distinct() >= end })
	e.kill()
	w.crewCounts(t, end)
}

// Another version of the pipeline that takes partitions over refuses what it cannot
// go on with, in the words of a reload.
func TestOtherVersionTakesOver(t *testing.T) {
	t.Parallel()
	const end = 350
	for name, tc := range map[string]struct {
		change func(g *graph.Graph)
		down   bool // the sink is, so that records wait for it
		want   string
	}{
		"shape": {
			change: func(g *graph.Graph) {
				g.Stage("transform.count").Config = plugins.NewConfig(map[string]any{"shape": "another"})
			},
			want: "was left by another process: transform.count: what it keeps has another shape than what is stored (stored counter: a count, , now counter: a count, another); give it another name to start afresh, or forget what is stored with another name for source.in",
		},
		"sink": {
			change: func(g *graph.Graph) { g.Stage("sink.out").Format = "json" },
			down:   true,
			want:   "of records wait for it in the format text, and its format is json now; run the former pipeline until they are written, or give them up with another name for source.in",
		},
		"sink that has all": {change: func(g *graph.Graph) { g.Stage("sink.out").Format = "json" }},
		"stage that is gone": {change: func(g *graph.Graph) {
			g.Stage("transform.count").Name = "tally"
			g.Stage("sink.out").Inputs = []graph.Input{from("transform.tally")}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := newWorld(t), newCrew(end)
			w.addCrew(t, c)
			if tc.down {
				w.breakSink("sink.out", errDown)
			}
			e := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
			w.until("all to be in the logs", func() bool { return c.inLogs(t) })
			if !tc.down {
				w.until("all to be written", func() bool { return w.distinct() >= end })
				w.until("that to be stored", func() bool { return e.Stats().Checkpoint.Number > 0 })
				e.stop()
			} else {
				e.kill()
			}
			var log logged
			g := w.crewPipeline(c)
			tc.change(g)
			e = w.launch(t.TempDir(), g, runtime.Config{Logger: log.logger()})
			if tc.want == "" {
				w.until("the partitions to be taken over", func() bool { return log.count("took over a partition") == crewParts })
				e.kill()
				return
			}
			if err := <-e.ended; err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("it ended with %v, want %q", err, tc.want)
			}
		})
	}
}

// A process that is stopped in order, and started again before another has had its
// partitions, has all that it needs; of those that others had it keeps nothing.
func TestCopiesServeTheNextStart(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), newCrew(700)
	c.leaves = true
	w.addCrew(t, c)
	dir := t.TempDir()
	var log logged
	for _, end := range []int64{210, 420} {
		c.end.Store(end)
		e := w.launch(dir, w.crewPipeline(c), runtime.Config{Logger: log.logger()})
		w.until("all to be written", func() bool { return int64(w.distinct()) >= end })
		e.stop()
	}
	if n := log.count("took over a partition"); n != 0 {
		t.Errorf("%d partitions were read from the logs, all of which were stored", n)
	}
	w.crewCounts(t, 420)
	// Another process is there, and keeps its share while this one runs and stops.
	c.end.Store(700)
	other := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
	w.until("the other to take all", func() bool { return w.distinct() == 700 })
	e := w.launch(dir, w.crewPipeline(c), runtime.Config{})
	w.until("partitions to be shared", func() bool { return c.shares() == 2 })
	c.end.Store(770)
	w.until("both to read on", func() bool { return w.distinct() == 770 })
	e.stop()
	s, err := state.Open(dir, "test", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	copies := 0
	for addr := range s.Stages() {
		if strings.HasPrefix(addr, "transform.count@") {
			copies++
		}
	}
	if copies == 0 || copies == crewParts {
		t.Errorf("there are copies of %d partitions, of which another process has some", copies)
	}
	other.kill()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w.crewCounts(t, 770)
}

// A group that its bus has forgotten begins at low generations, and its members go
// on with what the former ones have left, and leave it to others in turn.
func TestGroupIsForgotten(t *testing.T) {
	t.Parallel()
	const end = 630
	w, c := newWorld(t), newCrew(210)
	w.addCrew(t, c)
	c.generation = 57
	for _, upTo := range []int64{210, 420, end} {
		c.end.Store(upTo)
		e := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
		w.until("all to be written", func() bool { return int64(w.distinct()) >= upTo })
		w.until("all to be in the logs", func() bool { return c.inLogs(t) })
		e.kill()
		if upTo == 210 {
			c.restart()
		}
	}
	w.crewCounts(t, end)
}

// Where the log of another process is gone, nobody guesses.
func TestLogIsGone(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), newCrew(210)
	c.leaves = true
	w.addCrew(t, c)
	dir := t.TempDir()
	for i, at := range []string{dir, t.TempDir()} {
		end := int64(105 * (i + 1))
		c.end.Store(end)
		e := w.launch(at, w.crewPipeline(c), runtime.Config{})
		w.until("all to be written", func() bool { return int64(w.distinct()) >= end })
		e.stop()
	}
	c.mu.Lock()
	clear(c.logs)
	c.mu.Unlock()
	e := w.launch(dir, w.crewPipeline(c), runtime.Config{})
	want := "was read by another process since, and the log of what that one kept of it is gone: what is stored here is of the past; forget it with onstream state reset --local " + filepath.Join(dir, "test") + " source.in"
	if err := <-e.ended; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it ended with %v, want %q", err, want)
	}
}

// What was forgotten on the bus is not said to be taken over.
func TestForgottenPartitionsBeginAfresh(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), newCrew(210)
	w.addCrew(t, c)
	e := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
	w.until("all to be left to others", func() bool { return c.inLogs(t) })
	e.stop()
	var parts []plugins.Partition
	for p := range int32(crewParts) {
		parts = append(parts, crewPart(p))
	}
	if err := runtime.ForgetLogs(t.Context(), crewConnection{c}, "test", c.stage("in"), parts); err != nil {
		t.Fatal(err)
	}
	c.restart()
	var log logged
	e = w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{Logger: log.logger()})
	w.until("all to be left to others", func() bool { return c.inLogs(t) })
	e.stop()
	if n := log.count("a partition begins afresh: what the stages kept of it was forgotten"); n != crewParts {
		t.Errorf("%d of %d partitions are said to begin afresh", n, crewParts)
	}
	if n := log.count("took over"); n != 0 {
		t.Errorf("%d partitions are said to be taken over", n)
	}
	w.crewCounts(t, 210)
}
