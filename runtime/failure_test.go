package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// sourceFunc is a source that is a function.
type sourceFunc func(ctx context.Context, out plugins.Outlet) error

func (f sourceFunc) Run(ctx context.Context, out plugins.Outlet) error { return f(ctx, out) }

// addSource registers a source kind that brings n and k.
func (w *world) addSource(name string, f sourceFunc) {
	kind, _ := w.registry.Source("numbers")
	kind.Name = name
	kind.New = func(plugins.Config, plugins.Env) (plugins.Source, error) { return f, nil }
	if err := w.registry.AddSource(kind); err != nil {
		w.t.Fatal(err)
	}
}

// addSink registers a sink kind of which there is one.
func (w *world) addSink(name string, s plugins.Sink) {
	kind, _ := w.registry.Sink("lines")
	kind.Name = name
	kind.New = func(plugins.Config, plugins.Env) (plugins.Sink, error) { return s, nil }
	if err := w.registry.AddSink(kind); err != nil {
		w.t.Fatal(err)
	}
}

func ofKind(kind string, s *graph.Stage) *graph.Stage {
	s.Kind = kind
	return s
}

// holding is a sink that answers when it is flushed: after each of the first
// fails flushes with an error.
type holding struct {
	mu      sync.Mutex
	held    []func()
	written []string
	flushes int
	fails   int
	silent  bool // never answers
}

func (s *holding) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	s.held = append(s.held, func() {
		if s.flushes <= s.fails {
			done(errDown)
			return
		}
		for _, i := range b.Sel {
			s.written = append(s.written, string(b.Value(i)))
		}
		done(nil)
	})
	return nil
}

func (s *holding) Flush(context.Context) error {
	if s.silent || len(s.held) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
	held := s.held
	s.held = nil
	for _, answer := range held {
		answer()
	}
	return nil
}

func TestWhatStopsThePipelineIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 3} {
		w := newWorld(t)
		check := transform("where", "check", map[string]any{"where": expr{"x", func(n int64) (bool, error) {
			if n == 25 {
				return false, errors.New("no")
			}
			return true, nil
		}}}, from("source.in"))
		check.OnError = graph.Fail
		g := w.pipeline(source("in", map[string]any{"to": int64(10000), "size": int64(10)}), check, sink("out", from("transform.check")))
		e := runtime.New(runtime.Config{Registry: &w.registry, Workers: workers})
		if err := e.Run(context.Background(), g); err == nil {
			t.Fatal("the pipeline did not stop")
		}
		for _, first := range w.acked {
			if first >= 20 {
				t.Errorf("the batch that begins with %d was acknowledged, 25 failed", first)
			}
		}
		for _, s := range e.Stats().Stages {
			if !s.Balanced() {
				t.Errorf("%+v is not balanced", s)
			}
		}
	}
}

func TestASourceThatFailsAtOnceStopsTheOthers(t *testing.T) {
	t.Parallel()
	for range 200 {
		w := newWorld(t)
		w.addSource("bad", func(context.Context, plugins.Outlet) error { return errors.New("the file is not there") })
		w.addSource("idle", func(ctx context.Context, _ plugins.Outlet) error { <-ctx.Done(); return nil })
		stages := []*graph.Stage{ofKind("bad", source("bad", nil)), sink("out", from("source.bad"))}
		for i := range 5 {
			stages = append(stages, ofKind("idle", source(fmt.Sprint("idle", i), nil)))
		}
		err := runtime.New(runtime.Config{Registry: &w.registry}).Run(context.Background(), w.pipeline(stages...))
		if err == nil || err.Error() != "source.bad: the file is not there" {
			t.Fatal(err)
		}
	}
}

func TestDrainAfterTheInputsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakSink("sink.out", errDown)
	g := w.pipeline(source("in", map[string]any{"to": int64(10), "size": int64(5)}), sink("out", from("source.in")))
	e := runtime.New(runtime.Config{Registry: &w.registry, DrainTimeout: 20 * time.Millisecond})
	ran := make(chan error, 1)
	go func() { ran <- e.Run(context.Background(), g) }()
	w.until("retries", func() bool { st := e.Stats(); return len(st.Stages) > 1 && st.Stages[1].Retries > 2 })
	e.Drain()
	if err := <-ran; err == nil || !strings.Contains(err.Error(), "did not finish in time") {
		t.Errorf("Run returned %v", err)
	}
}

// A sink with much in flight pauses once an attempt, not once a batch, and
// writes in order when it works again.
func TestOutageCostsOnePauseAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := &holding{fails: 3}
		w.addSink("holding", s)
		out := ofKind("holding", sink("out", from("source.in")))
		g := w.pipeline(source("in", map[string]any{"to": int64(100), "size": int64(1)}), out)
		out.Retry = graph.Retry{Backoff: 20 * time.Millisecond, MaxBackoff: time.Minute}
		e := runtime.New(runtime.Config{Registry: &w.registry})
		began := time.Now()
		if err := e.Run(context.Background(), g); err != nil {
			t.Fatal(err)
		}
		balanced(t, g, e.Stats())
		for i, l := range s.written {
			if !strings.HasPrefix(l, fmt.Sprint(i, " ")) {
				t.Fatalf("record %d is %q", i, l)
			}
		}
		// Pauses of 20, 40, 80 ms and a few at most for what came in between; a
		// hundred of them would be far more.
		if took := time.Since(began); len(s.written) != 100 || took > time.Second {
			t.Errorf("%d records after %s and %d flushes", len(s.written), took, s.flushes)
		}
	})
}

func TestAbortAnswersEveryDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addSink("holding", &holding{silent: true})
	g := w.pipeline(source("in", map[string]any{"to": int64(10), "size": int64(1)}), ofKind("holding", sink("out", from("source.in"))))
	e := runtime.New(runtime.Config{Registry: &w.registry})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx, g) }()
	w.until("writes", func() bool { st := e.Stats(); return len(st.Stages) > 1 && st.Stages[1].In == 10 })
	cancel()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
	if len(w.acked) != 0 || w.nacked != 10 {
		t.Errorf("acked %v, nacked %d of 10", w.acked, w.nacked)
	}
}

// A source that hands over with a deadline gets its goroutine back, whatever a
// sink does.
func TestHandKeepsItsDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakSink("sink.out", errDown)
	refused := make(chan error, 1)
	w.addSource("hasty", func(ctx context.Context, out plugins.Outlet) error {
		for {
			b := out.Batch()
			b.SelectAll(15)
			b.NewColumn("n", plugins.Int)
			k := b.NewColumn("k", plugins.String)
			for i := range uint32(15) {
				k.AppendString(i, "x")
			}
			soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			err := out.Hand(soon, plugins.Delivery{Batch: b})
			cancel()
			if err != nil {
				refused <- err
				<-ctx.Done()
				return nil
			}
		}
	})
	g := w.pipeline(source("in", map[string]any{"size": int64(10)}), ofKind("hasty", source("hasty", nil)), sink("out", from("source.in"), from("source.hasty")))
	e := runtime.New(runtime.Config{Registry: &w.registry, MaxInFlightRecords: 20})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx, g) }()
	select {
	case err := <-refused:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("Hand did not return after its deadline")
	}
	cancel()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}
