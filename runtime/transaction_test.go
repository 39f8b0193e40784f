package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
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
	// positions is given what a transaction commits beside the records; may be nil.
	positions func(mark string, at map[string]map[plugins.Partition]plugins.Position)
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

func (e *entry) Commit(_ context.Context, mark string, at map[string]map[plugins.Partition]plugins.Position) error {
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
	if e.positions != nil {
		e.positions(mark, at)
	}
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

// exactCrew is a pipeline that counts the numbers of a crew for a ledger, whose transactions
// commit the crew's positions.
func (w *world) exactCrew(c *crew, l *ledger) *graph.Graph {
	g := w.crewPipeline(c)
	out := g.Stage("sink.out")
	out.Kind, out.Via = "ledger", c.name
	out.Config = out.Config.WithConnector(c.kind(), plugins.NewConfig(nil))
	l.positions = c.transacted
	return g
}

// A process that is killed between a transaction and what it leaves to others goes on behind
// the transaction, and leaves that later.
func TestTransactionThatWasNotLeftToOthers(t *testing.T) {
	t.Parallel()
	w, c, l := newWorld(t), newCrew(210), new(ledger)
	w.addCrew(t, c)
	if err := w.registry.AddSink(l.kind()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	e := w.launch(dir, w.exactCrew(c, l), runtime.Config{})
	w.until("all to be left to others", func() bool { return c.inLogs(t) })
	l.mu.Lock()
	l.kill, l.trouble = e.crash, "killed"
	l.mu.Unlock()
	c.end.Store(420)
	if err := <-e.ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	l.revive()
	c.end.Store(427) // not all keys are counted anew
	e = w.launch(dir, w.exactCrew(c, l), runtime.Config{})
	w.until("all to be left to others", func() bool { return c.inLogs(t) })
	e.kill()
	l.count(w)
	if lines := w.written("sink.out"); len(lines) != 427 {
		t.Errorf("%d records are committed, want each of 427 once", len(lines))
	}
	c.end.Store(840)
	e = w.launch(t.TempDir(), w.exactCrew(c, l), runtime.Config{})
	w.until("another to take over", func() bool { return c.inLogs(t) })
	e.kill()
	l.count(w)
	w.crewCounts(t, 840)
}

// A process that is killed between its first transaction and what it leaves to others has left
// nothing: whoever takes its partitions over counts from the beginning.
func TestFirstTransactionThatWasNotLeftToOthers(t *testing.T) {
	t.Parallel()
	w, c, l := newWorld(t), newCrew(210), new(ledger)
	w.addCrew(t, c)
	if err := w.registry.AddSink(l.kind()); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	e := w.launch(t.TempDir(), w.exactCrew(c, l), runtime.Config{})
	l.kill, l.trouble = e.crash, "killed"
	l.mu.Unlock()
	if err := <-e.ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	l.revive()
	c.end.Store(420)
	e = w.launch(t.TempDir(), w.exactCrew(c, l), runtime.Config{})
	w.until("another to take over", func() bool { return c.inLogs(t) })
	e.kill()
	l.count(w)
	w.crewCounts(t, 420)
}

// revive ends the death of a process.
func (l *ledger) revive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = false
}

// count makes what is committed what the sink of a world has written.
func (l *ledger) count(w *world) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got["sink.out"] = slices.Clone(l.committed)
}
