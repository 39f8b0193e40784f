package bustest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// writer is a sink, and does with its answers what the engine does: what failed for a while
// is written again, before anything later that was not written yet.
type writer struct {
	sink plugins.Sink
	rig  *rig
	ctx  context.Context
	pool plugins.Pool

	queue   chan []Record
	closing chan struct{}
	closed  bool // close was called
	ended   chan struct{}
	cancel  context.CancelFunc

	mu      sync.Mutex
	answers []answer
	open    int // batches sent and not settled
	failed  []Record
	why     []plugins.Failure // of those
	retries int
	last    error // why something was written again
}

type answer struct {
	write
	err error
}

// write is a batch with its place in the order.
type write struct {
	number  int
	batch   *plugins.Batch
	records []Record // of the rows that are alive
}

// write starts a sink for a topic, "" for one where each record has its own.
func (g *rig) write(t testing.TB, conn connectors.Bus, topic string) *writer {
	t.Helper()
	kind, _ := g.registry.Sink("topic")
	env := g.env(t, "sink.out")
	env.Connection = conn
	sink, err := kind.New(g.sinkConfig(t, g.Config(t, g.Addr), topic), env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &writer{sink: sink, rig: g, ctx: ctx, cancel: cancel, queue: make(chan []Record), closing: make(chan struct{}), ended: make(chan struct{})}
	if o, ok := sink.(plugins.Opener); ok {
		if err := o.Open(ctx); plugins.IsPermanent(err) {
			t.Fatal(err)
		}
	}
	go w.run()
	t.Cleanup(func() {
		w.mu.Lock()
		if t.Failed() && w.open > 0 {
			t.Logf("%d batches are not confirmed; the last error of %d was: %v", w.open, w.retries, w.last)
		}
		if t.Failed() && len(w.why) > 0 {
			t.Logf("%d records were given up, the first: %s", len(w.why), w.why[0].Msg)
		}
		w.mu.Unlock()
		cancel()
		w.close(t)
	})
	return w
}

// send gives the sink a batch. It returns when the batch before was taken.
func (w *writer) send(records []Record) {
	w.mu.Lock()
	w.open++
	w.mu.Unlock()
	stuck := time.NewTimer(w.rig.Patience)
	defer stuck.Stop()
	select {
	case w.queue <- records:
	case <-stuck.C: // wait tells why
	case <-w.ended:
	}
}

// sendAll gives the sink records in batches.
func (w *writer) sendAll(records []Record, size int) {
	for part := range slices.Chunk(records, size) {
		w.send(part)
	}
}

// wait flushes and waits until all is settled.
func (w *writer) wait(t testing.TB) {
	t.Helper()
	w.rig.within(t, "all that was written is confirmed", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.open == 0
	})
}

// close ends the sink, once.
func (w *writer) close(t testing.TB) {
	t.Helper()
	if w.closed {
		return
	}
	w.closed = true
	close(w.closing)
	select {
	case <-w.ended:
	case <-time.After(stopTime):
		t.Errorf("the sink has not stopped within %v", stopTime)
		return
	}
	if c, ok := w.sink.(plugins.Closer); ok {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := c.Close(ctx); err != nil && w.ctx.Err() == nil {
			t.Errorf("close the sink: %v", err)
		}
	}
}

// run is the goroutine that calls the sink.
func (w *writer) run() {
	defer close(w.ended)
	var redo []write
	outstanding, number, dirty, pause := 0, 0, false, false
	settle := func() {
		w.mu.Lock()
		answers := w.answers
		w.answers = nil
		w.mu.Unlock()
		for _, a := range answers {
			outstanding--
			if left := w.settle(a); left != nil {
				redo = append(redo, *left)
				pause = true
			}
		}
		slices.SortFunc(redo, func(a, b write) int { return cmp.Compare(a.number, b.number) })
	}
	for open := true; open || len(redo) > 0 || outstanding > 0; {
		settle()
		if w.ctx.Err() != nil && (!open || outstanding == 0) {
			return
		}
		if pause {
			pause = false
			time.Sleep(10 * time.Millisecond) // what the engine calls back-off
			continue
		}
		var next write
		switch {
		case len(redo) > 0:
			next, redo = redo[0], redo[1:]
		case open:
			select {
			case <-w.closing:
				open = false
				continue
			case records := <-w.queue:
				number++
				next = write{number, batchOf(&w.pool, records), records}
			case <-time.After(time.Millisecond):
				if dirty {
					dirty = w.sink.Flush(w.ctx) != nil
				}
				continue
			}
		default:
			if dirty {
				dirty = w.sink.Flush(w.ctx) != nil
			}
			time.Sleep(time.Millisecond)
			continue
		}
		outstanding++
		dirty = true
		done := func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.answers = append(w.answers, answer{next, err})
		}
		if err := w.sink.Write(w.ctx, next.batch, done); err != nil {
			done(err)
		}
	}
}

// settle returns what is to be written again, nil for nothing.
func (w *writer) settle(a answer) *write {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := a.err
	var part *plugins.PartialError
	if errors.As(err, &part) && part.Done > 0 {
		w.finish(a.write, part.Done, part.Failed)
		a.records = a.records[part.Done:]
		a.batch.Sel = a.batch.Sel[part.Done:]
		err = part.Err
	}
	var rows plugins.RowErrors
	switch {
	case err == nil || errors.As(err, &rows):
		w.finish(a.write, len(a.records), rows)
	case plugins.IsPermanent(err) || w.ctx.Err() != nil:
		for _, i := range a.batch.Sel {
			rows = append(rows, plugins.Failure{Row: i, Code: "write", Msg: err.Error()})
		}
		w.finish(a.write, len(a.records), rows)
	default:
		w.retries++
		w.last = err
		return &a.write
	}
	a.batch.Release()
	w.open--
	return nil
}

// finish notes which of the first n records failed.
func (w *writer) finish(x write, n int, rows plugins.RowErrors) {
	for k := range n {
		at := slices.IndexFunc(rows, func(f plugins.Failure) bool { return f.Row == x.batch.Sel[k] })
		if at >= 0 {
			w.failed = append(w.failed, x.records[k])
			w.why = append(w.why, rows[at])
		}
	}
}
