package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The same records come out, in order, whatever the batch size, the number of
// workers and the bounds of the queues.
func TestOutputDoesNotDependOnScheduling(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		n := rapid.Int64Range(1, 3000).Draw(rt, "records")
		g := w.pipeline(
			source("in", map[string]any{"to": n, "size": rapid.Int64Range(1, 700).Draw(rt, "size")}),
			transform("where", "kept", map[string]any{"where": expr{"not by three", func(n int64) (bool, error) {
				if n%5 == 0 {
					return false, fmt.Errorf("%d is divisible by five", n)
				}
				return n%3 != 0, nil
			}}}, from("source.in")),
			transform("parity", "split", nil, from("transform.kept")),
			transform("twice", "again", nil, output("transform.split", "odd")),
			transform("tally", "keyed", nil, from("source.in")),
			sink("even", output("transform.split", "even")),
			sink("odd", from("transform.again")),
			sink("all", from("source.in")),
			sink("tallied", from("transform.keyed")),
			sink("dead", from(graph.Errors)),
		)
		g.Stage("transform.keyed").Key = keyExpr{}
		e := runtime.New(runtime.Config{
			Registry: &w.registry, Workers: rapid.IntRange(1, 4).Draw(rt, "workers"),
			MaxInFlightRecords: rapid.Int64Range(1, 5000).Draw(rt, "in flight"),
		})
		if err := e.Run(context.Background(), g); err != nil {
			rt.Fatal(err)
		}
		balanced(t, g, e.Stats())
		var even, odd, all []string
		dead := 0
		for i := range n {
			line := fmt.Sprintf("%d %d", i, i%7)
			all = append(all, line)
			switch {
			case i%5 == 0:
				dead++
			case i%3 == 0:
			case i%2 == 0:
				even = append(even, line)
			default:
				odd = append(odd, line)
			}
		}
		equal := func(addr string, want []string) {
			if got := w.written(addr); !slices.Equal(got, want) {
				rt.Fatalf("%s wrote %d records, want %d: %.200v", addr, len(got), len(want), got)
			}
		}
		equal("sink.all", all)
		equal("sink.even", even)
		got := w.written("sink.odd")
		if len(got) != 2*len(odd) {
			rt.Fatalf("sink.odd wrote %d records, want %d", len(got), 2*len(odd))
		}
		if tallied := w.written("sink.tallied"); len(tallied) != int(n) {
			rt.Fatalf("sink.tallied wrote %d of %d records", len(tallied), n)
		}
		letters := w.written("sink.dead")
		if len(letters) != dead {
			rt.Fatalf("%d dead letters, want %d", len(letters), dead)
		}
		for _, l := range letters {
			if !strings.Contains(l, "transform.kept expr") || !strings.Contains(l, "divisible by five test:1,1-2 p") {
				rt.Fatalf("dead letter does not tell what happened: %s", l)
			}
		}
		if !slices.IsSorted(w.acked) {
			rt.Fatalf("acks out of order: %v", w.acked)
		}
	})
}

func TestPartitionsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.pipeline(source("in", map[string]any{"to": int64(20000), "size": int64(50), "parts": int64(3)}), sink("out", from("source.in")))
	e := runtime.New(runtime.Config{Registry: &w.registry, Workers: 4})
	if err := e.Run(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	last := map[int64]int64{}
	for _, l := range w.written("sink.out") {
		var n, k int64
		if _, err := fmt.Sscan(l, &n, &k); err != nil {
			t.Fatal(err)
		}
		if before, ok := last[n%3]; ok && n != before+3 {
			t.Fatalf("partition %d: %d after %d", n%3, n, before)
		}
		last[n%3] = n
	}
}

func TestSourceFailuresGoToErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.pipeline(source("in", map[string]any{"from": int64(-3), "to": int64(5), "size": int64(4)}), sink("out", from("source.in")), sink("dead", from(graph.Errors)))
	e := runtime.New(runtime.Config{Registry: &w.registry})
	if err := e.Run(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	if got := w.written("sink.out"); len(got) != 5 {
		t.Errorf("sink.out wrote %v", got)
	}
	if got := w.written("sink.dead"); len(got) != 3 || !strings.Contains(got[0], "source.in negative -3 is negative") {
		t.Errorf("sink.dead wrote %v", got)
	}
}

func TestOnErrorFailStopsThePipeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := transform("where", "check", map[string]any{"where": expr{"x", func(n int64) (bool, error) {
		if n == 1234 {
			return false, errors.New("the number is unlucky")
		}
		return true, nil
	}}}, from("source.in"))
	bad.OnError = graph.Fail
	g := w.pipeline(source("in", map[string]any{"size": int64(10)}), bad, sink("out", from("transform.check")))
	err := runtime.New(runtime.Config{Registry: &w.registry}).Run(context.Background(), g)
	want := "transform.check: record at offset 1234 of p: the number is unlucky (test:1,1-2)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestOnErrorDropCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := transform("where", "check", map[string]any{"where": expr{"x", func(n int64) (bool, error) {
		return true, errors.New("no")
	}}}, from("source.in"))
	bad.OnError = graph.Drop
	g := w.pipeline(source("in", map[string]any{"to": int64(100), "size": int64(10)}), bad, sink("out", from("transform.check")), sink("dead", from(graph.Errors)))
	e := runtime.New(runtime.Config{Registry: &w.registry})
	if err := e.Run(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	if s := e.Stats().Stages[1]; s.Dead != 100 || len(w.written("sink.dead")) != 0 || len(w.acked) != 10 {
		t.Errorf("dead %d, letters %v, acked %v", s.Dead, w.written("sink.dead"), w.acked)
	}
}

func TestSinkThatIsDownHoldsTheSourceBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakSink("sink.out", errDown)
	g := w.pipeline(source("in", map[string]any{"to": int64(10000), "size": int64(10)}), sink("out", from("source.in")))
	e := runtime.New(runtime.Config{Registry: &w.registry, MaxInFlightRecords: 100})
	ran := make(chan error, 1)
	go func() { ran <- e.Run(context.Background(), g) }()
	w.until("retries", func() bool { st := e.Stats(); return len(st.Stages) > 1 && st.Stages[1].Retries > 5 })
	st := e.Stats()
	if in := st.Stages[0].In; in > 100 {
		t.Errorf("the source has read %d records, the bound is 100", in)
	}
	if st.Stages[1].LastError != errDown.Error() {
		t.Errorf("last error is %q", st.Stages[1].LastError)
	}
	w.breakSink("sink.out", nil)
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	if got := w.written("sink.out"); len(got) != 10000 || got[9999] != "9999 3" {
		t.Errorf("%d records after the sink was mended", len(got))
	}
}

func TestSinkGivesUpToErrors(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"permanent": plugins.Permanent(errDown), "after retries": errDown} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakSink("sink.out", err)
			out := sink("out", from("source.in"))
			out.Retry.Max = 3
			g := w.pipeline(source("in", map[string]any{"to": int64(95), "size": int64(10)}), out, sink("dead", from(graph.Errors)))
			e := runtime.New(runtime.Config{Registry: &w.registry})
			if err := e.Run(context.Background(), g); err != nil {
				t.Fatal(err)
			}
			balanced(t, g, e.Stats())
			got := w.written("sink.dead")
			if len(got) != 95 || !strings.Contains(got[94], "sink.out write the sink is down") || !strings.HasSuffix(got[94], "94 94 3 ") {
				t.Errorf("%d dead letters, the last %q", len(got), got[len(got)-1])
			}
			if len(w.acked) != 10 {
				t.Errorf("acked %v", w.acked)
			}
		})
	}
}

func TestDrainFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.pipeline(source("in", map[string]any{"size": int64(10)}), transform("tally", "keyed", nil, from("source.in")), sink("out", from("transform.keyed")))
	g.Stage("transform.keyed").Key = keyExpr{}
	e := runtime.New(runtime.Config{Registry: &w.registry})
	ran := make(chan error, 1)
	go func() { ran <- e.Run(context.Background(), g) }()
	w.until("records", func() bool { return len(w.written("sink.out")) > 1000 })
	e.Drain()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	if st := e.Stats(); int(st.Stages[0].In) != len(w.written("sink.out")) || st.Ready {
		t.Errorf("read %d, wrote %d, ready %v", st.Stages[0].In, len(w.written("sink.out")), st.Ready)
	}
}

func TestDrainGivesUpOnASinkThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakSink("sink.out", errDown)
	g := w.pipeline(source("in", map[string]any{"size": int64(10)}), sink("out", from("source.in")))
	e := runtime.New(runtime.Config{Registry: &w.registry, DrainTimeout: 20 * time.Millisecond})
	ran := make(chan error, 1)
	go func() { ran <- e.Run(context.Background(), g) }()
	w.until("retries", func() bool { st := e.Stats(); return len(st.Stages) > 1 && st.Stages[1].Retries > 1 })
	e.Drain()
	if err := <-ran; err == nil || !strings.Contains(err.Error(), "did not finish in time") {
		t.Errorf("Run returned %v", err)
	}
	st := e.Stats()
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := st.Stages[1]; s.Held == 0 || !s.Balanced() || len(w.acked) != 0 || w.nacked == 0 {
		t.Errorf("%+v, acked %v, nacked %d", s, w.acked, w.nacked)
	}
}

func TestCancelStopsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakSink("sink.out", errDown)
	g := w.pipeline(source("in", map[string]any{"size": int64(10)}), sink("out", from("source.in")))
	e := runtime.New(runtime.Config{Registry: &w.registry})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx, g) }()
	w.until("retries", func() bool { st := e.Stats(); return len(st.Stages) > 1 && st.Stages[1].Retries > 1 })
	cancel()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}
