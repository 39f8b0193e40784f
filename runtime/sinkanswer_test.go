package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// partly is a sink that does with some records of a batch and then fails. It
// answers from Write, from Flush, or from another goroutine.
type partly struct {
	direct bool // answers before Write returns
	limit  int  // of records; then it is down
	gone   sync.WaitGroup

	mu      sync.Mutex
	random  *rand.Rand
	held    []func()
	written []int // numbers
}

func (s *partly) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	how := s.random.IntN(4)
	if s.direct {
		how %= 2
	}
	switch how {
	case 0:
		if err := s.take(b); err != nil {
			return err
		}
		done(nil)
	case 1:
		done(s.take(b))
	case 2:
		s.held = append(s.held, func() { done(s.take(b)) })
	default:
		s.gone.Go(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			done(s.take(b))
		})
	}
	return nil
}

// take does with the first records of a batch, under mu.
func (s *partly) take(b *plugins.Batch) error {
	if len(s.written) >= s.limit {
		return errDown
	}
	var failed plugins.RowErrors
	n := min(s.random.IntN(len(b.Sel)+1), s.limit-len(s.written))
	for _, i := range b.Sel[:n] {
		if s.random.IntN(8) == 0 {
			failed = append(failed, plugins.Failure{Row: i, Code: "refused", Msg: "not that one"})
			continue
		}
		s.written = append(s.written, number(string(b.Value(i))))
	}
	err := errDown
	if s.random.IntN(4) == 0 {
		err = plugins.Permanent(err)
	}
	switch {
	case n == len(b.Sel) && failed != nil:
		return failed
	case n == len(b.Sel):
		return nil
	case n == 0 && s.random.IntN(2) == 0:
		return err
	default:
		return fmt.Errorf("on the way: %w", &plugins.PartialError{Done: n, Failed: failed, Err: err})
	}
}

func (s *partly) Flush(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, answer := range s.held {
		answer()
	}
	s.held = nil
	return nil
}

func (s *partly) Close(context.Context) error {
	s.gone.Wait()
	return nil
}

func (s *partly) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.written) >= s.limit
}

// number returns the number of a record of the form "n k count".
func number(record string) (n int) {
	if _, err := fmt.Sscan(record, &n); err != nil {
		panic(err)
	}
	return n
}

// letterNumber returns the number of the record that a dead letter is about.
func letterNumber(letter string) int {
	fields := strings.Fields(letter) // the last ones are n, k, count
	return number(fields[len(fields)-3])
}

func (w *world) addPartly(s *partly) {
	kind, _ := w.registry.Sink("lines")
	kind.Name = "partly"
	kind.Direct = func(plugins.Config) bool { return s.direct }
	kind.New = func(plugins.Config, plugins.Env) (plugins.Sink, error) { return s, nil }
	if err := w.registry.AddSink(kind); err != nil {
		w.t.Fatal(err)
	}
}

// However many records of a batch a sink does with before it fails, however it
// says so and whenever checkpoints are taken: each record is written once or
// dead once, and after a crash none is missing.
func TestPartlyWrittenBatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 600).Draw(rt, "records")
		dir := rapid.SampledFrom([]string{"", folder(t, rt)}).Draw(rt, "state")
		crashes := rapid.IntRange(0, 4).Draw(rt, "crashes")
		if dir == "" {
			crashes = 0
		}
		var all []int // numbers that were written or are dead
		for life := range crashes + 1 {
			s := &partly{
				direct: rapid.Bool().Draw(rt, "direct"), limit: n + 1,
				random: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0)),
			}
			crash := life < crashes
			if crash {
				s.limit = rapid.IntRange(0, n).Draw(rt, "down after")
			}
			dead := livePartly(rt, newWorld(t), s, n, dir, crash)
			written := slices.Sorted(slices.Values(s.written))
			if len(slices.Compact(slices.Clone(written))) != len(written) {
				rt.Fatalf("written twice in one run: %v", written)
			}
			all = slices.Concat(all, written, dead)
		}
		slices.Sort(all)
		if crashes > 0 {
			all = slices.Compact(all)
		}
		if len(all) != n || all[0] != 0 || all[n-1] != n-1 {
			rt.Fatalf("of %d records these were written or failed: %v", n, all)
		}
	})
}

// livePartly runs a pipeline into a sink, and crashes it when the sink is down
// and a checkpoint knows that. It returns the numbers of the dead letters.
func livePartly(rt *rapid.T, w *world, s *partly, n int, dir string, crash bool) (dead []int) {
	w.addStateful()
	w.addPartly(s)
	g := w.pipeline(append(w.counting(int64(n), rapid.Int64Range(1, 60).Draw(rt, "size")).Stages, sink("dead", from(graph.Errors)))...)
	g.Checkpoint.Durability = graph.OS
	g.Checkpoint.Interval = time.Duration(rapid.IntRange(100, 3000).Draw(rt, "interval")) * time.Microsecond
	out := ofKind("partly", g.Stage("sink.out"))
	out.Retry = graph.Retry{Backoff: time.Microsecond, MaxBackoff: time.Millisecond}
	if !crash {
		out.Retry.Max = rapid.IntRange(0, 3).Draw(rt, "retries")
	}
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: rapid.IntRange(1, 3).Draw(rt, "workers")})
	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() {
		var down time.Time
		for ctx.Err() == nil && (down.IsZero() || !e.Stats().Checkpoint.At.After(down)) {
			time.Sleep(50 * time.Microsecond)
			if down.IsZero() && s.isDown() {
				down = time.Now()
			}
		}
		cancel()
	})
	err := e.Run(ctx, g)
	if err != nil && (!crash || !errors.Is(err, context.Canceled)) {
		rt.Fatal(err)
	}
	for _, st := range e.Stats().Stages {
		if !st.Balanced() || err == nil && st.Held != 0 {
			rt.Fatalf("not balanced: %+v", st)
		}
	}
	for _, l := range w.written("sink.dead") {
		dead = append(dead, letterNumber(l))
	}
	return dead
}

// A sink that makes headway is not given up, and what is said of the rest is
// said of it alone.
func TestHeadwayIsNoReasonToGiveUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []error
		out   int64
		says  string
	}{
		"headway":   {[]error{step(3, errDown), step(3, errDown), step(1, errDown), step(2, errDown), nil}, 10, ""},
		"no more":   {[]error{step(3, errDown), step(2, errDown), errDown}, 5, "sink.out write the sink is down"},
		"permanent": {[]error{step(4, plugins.Permanent(errors.New("the sink is gone")))}, 4, "sink.out write the sink is gone"},
		"refused":   {[]error{&plugins.PartialError{Done: 2, Failed: plugins.RowErrors{{Row: 1, Code: "bad", Msg: "no"}}, Err: errDown}, nil}, 9, "sink.out bad no"},
		"all":       {[]error{step(10, errDown)}, 10, ""},
		"rows":      {[]error{step(4, plugins.RowErrors{{Row: 9, Code: "bad", Msg: "no"}})}, 9, "sink.out bad no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := &scripted{steps: c.steps}
			w.addSink("scripted", s)
			out := ofKind("scripted", sink("out", from("source.in")))
			g := w.pipeline(source("in", map[string]any{"to": int64(10), "size": int64(10)}), out, sink("dead", from(graph.Errors)))
			out.Retry = graph.Retry{Max: 1, Backoff: time.Microsecond, MaxBackoff: time.Microsecond}
			e := runtime.New(runtime.Config{Registry: &w.registry})
			if err := e.Run(context.Background(), g); err != nil {
				t.Fatal(err)
			}
			balanced(t, g, e.Stats())
			letters := w.written("sink.dead")
			if st := e.Stats().Stages[1]; st.Out != c.out || st.Dead != 10-c.out || len(letters) != int(10-c.out) {
				t.Errorf("%d are written, %d dead, letters %q", st.Out, st.Dead, letters)
			}
			if len(letters) > 0 && !strings.Contains(letters[0], c.says) {
				t.Errorf("letter %q, want one that says %q", letters[0], c.says)
			}
			if len(s.steps) > 0 || len(w.acked) != 1 {
				t.Errorf("not asked for: %v; acked %v", s.steps, w.acked)
			}
		})
	}
}

// scripted is a sink that answers what it is told to.
type scripted struct{ steps []error }

func step(n int, err error) error { return &plugins.PartialError{Done: n, Err: err} }

func (s *scripted) Write(_ context.Context, _ *plugins.Batch, done func(error)) error {
	err := s.steps[0]
	s.steps = s.steps[1:]
	done(err)
	return nil
}

func (s *scripted) Flush(context.Context) error { return nil }
