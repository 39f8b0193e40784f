package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// ledger is a bus with transactions: what is committed is there for readers, and
// a newer writer fences off the older ones.
type ledger struct {
	mu        sync.Mutex
	committed []string
	last      string // mark of the last transaction
	newest    *entry
	// trouble is what the next commit meets: "lost" answers with an error though
	// it was committed, "aborted" with one because it was not, "broken" fails a
	// write; with "killed" the process ends when it was committed, with "died"
	// before that.
	trouble string
	kill    func() // ends the process, which gets no answers any more
	dead    bool
}

var errTrouble = errors.New("trouble at the ledger")

func (l *ledger) meet(what string) bool {
	if l.trouble != what {
		return false
	}
	l.trouble = ""
	return true
}

// entry is a writer.
type entry struct {
	*ledger
	open    []string
	begun   bool
	aborted bool
}

func (l *ledger) kind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "ledger", Payload: true,
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Transactions: true} },
		New: func(plugins.Config, plugins.Env) (plugins.Sink, error) {
			return &entry{ledger: l}, nil
		},
	}
}

func (e *entry) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		return errors.New("a write without a transaction")
	}
	if e.aborted || e.meet("broken") { // it takes nothing more until it is given up
		e.aborted = true
		return errTrouble
	}
	for _, i := range b.Sel {
		e.open = append(e.open, string(b.Value(i)))
	}
	done(nil)
	return nil
}

func (*entry) Flush(context.Context) error { return nil }

func (e *entry) Begin(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.begun {
		return plugins.Permanent(errors.New("two transactions at once"))
	}
	e.begun, e.aborted, e.newest = true, false, e
	return nil
}

func (e *entry) Commit(_ context.Context, mark string, _ map[string]map[plugins.Partition]plugins.Position) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.meet("died") {
		e.dead = true
		e.kill()
		return errTrouble
	}
	if e.newest != e || e.aborted || e.meet("aborted") {
		e.open, e.begun = nil, false
		return errTrouble
	}
	e.committed = append(e.committed, e.open...)
	e.last, e.open, e.begun = mark, nil, false
	if e.meet("lost") {
		return errTrouble
	}
	if e.meet("killed") {
		e.dead = true
		e.kill()
		return errTrouble
	}
	return nil
}

func (e *entry) Abort(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open, e.begun = nil, false
	return nil
}

func (e *entry) Committed(context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dead {
		return "", errTrouble
	}
	e.newest = e
	return e.last, nil
}

// Whatever happens to the process and to its transactions, each number is
// committed once, with the right count.
func TestTransactionsAreExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const end = 700
		w, l := newWorld(t), new(ledger)
		w.addStateful()
		if err := w.registry.AddSink(l.kind()); err != nil {
			rt.Fatal(err)
		}
		dir := folder(t, rt)
		pipeline := func() *graph.Graph {
			out := sink("out", from("transform.count"))
			out.Kind = "ledger"
			g := w.pipeline(
				source("in", map[string]any{"to": int64(end), "size": rapid.Int64Range(1, 40).Draw(rt, "size")}),
				keyedStage("counter", "count", nil, from("source.in")), out)
			g.Checkpoint = graph.Checkpoint{Interval: time.Duration(rapid.IntRange(100, 3000).Draw(rt, "interval")) * time.Microsecond, Durability: graph.OS}
			return g
		}
		feed := pipeline().Stage("source.in").Config // the batches do not change on the way
		count := func() int {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.committed)
		}
		for {
			g := pipeline()
			g.Stage("source.in").Config = feed
			ctx, crash := context.WithCancel(context.Background())
			if len(rapid.SliceOfN(rapid.Bool(), 0, 3).Draw(rt, "crash")) > 1 {
				at := count() + rapid.IntRange(0, 300).Draw(rt, "after")
				go func() {
					for ctx.Err() == nil && count() < at {
						time.Sleep(50 * time.Microsecond)
					}
					crash()
				}()
			}
			l.mu.Lock()
			l.kill, l.dead = crash, false
			l.trouble = rapid.SampledFrom([]string{"", "", "lost", "aborted", "broken", "killed", "died"}).Draw(rt, "trouble")
			l.mu.Unlock()
			_, err := w.run(ctx, dir, g, runtime.Config{Workers: rapid.IntRange(1, 3).Draw(rt, "workers")})
			crash()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) && !errors.Is(err, runtime.ErrAgain) {
				rt.Fatal(err)
			}
		}
		seen := map[int64]bool{}
		for _, line := range l.committed {
			var n, k, times int64
			if _, err := fmt.Sscan(line, &n, &k, &times); err != nil {
				rt.Fatal(err)
			}
			if seen[n] || times != n/7+1 {
				rt.Fatalf("%d is committed as number %d of its key, before: %v", n, times, seen[n])
			}
			seen[n] = true
		}
		if len(seen) != end {
			rt.Fatalf("%d of %d are committed", len(seen), end)
		}
	})
}

// A checkpoint that waits for its transaction needs the sink that can tell.
func TestPreparedCheckpointWithoutItsSink(t *testing.T) {
	t.Parallel()
	w, l := newWorld(t), new(ledger)
	w.addStateful()
	if err := w.registry.AddSink(l.kind()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	g := w.counting(700, 10)
	g.Stage("sink.out").Kind = "ledger"
	ctx, crash := context.WithCancel(context.Background())
	defer crash()
	l.kill, l.trouble = crash, "died"
	if _, err := w.run(ctx, dir, g, runtime.Config{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	_, err := w.run(context.Background(), dir, w.counting(700, 10), runtime.Config{})
	want := "waits for its transaction, and the pipeline has no sink any more that can tell whether it was committed: run the former pipeline until it has gone on, or forget all that is stored and begin anew: onstream state reset --all " + filepath.Join(dir, "test")
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
