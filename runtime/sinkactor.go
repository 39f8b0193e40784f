package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// sinkActor writes what is in its queue to one sink, in order, and tries
// again what fails. A reload may replace the sink; the queue stays.
//
// One goroutine at a time owns the actor: it makes busy true under queue.mu,
// works on the fields below without a lock, and makes busy false. It is the
// actor's own goroutine or, while nothing waits, one that writes directly.
// Whoever leaves work behind wakes the actor's goroutine up.
type sinkActor struct {
	engine   *Engine
	addr     string
	queue    *queue
	counters *counters

	// Under queue.mu:
	busy      bool
	awaited   bool         // the owner waits for answers
	answers   []answer     // of writes, not yet looked at
	swap      *replacement // to be done before the next write
	acquiring int          // how many wait until something, or all, is written
	managed   bool         // its transactions end with checkpoints

	// Of the owner:
	ctx         context.Context
	stage       *graph.Stage
	sink        plugins.Sink
	redo        []attempt         // to be written before anything else, in order
	outstanding map[int64]attempt // written and not yet answered, by number
	last        int64             // number of the last attempt
	dirty       bool              // written since the last flush
	failing     bool              // something failed since the last pause
	pauses      int               // since something was written
	inside      bool              // the owner writes directly, as part of a job
	begun       bool              // a transaction that ends with a checkpoint

	kick   chan struct{} // ends a pause
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// attempt is a parcel with its place in the order.
type attempt struct {
	parcel
	number int64
	tries  int // that failed
}

func (e *Engine) newSinkActor(s *graph.Stage) *sinkActor {
	a := &sinkActor{
		engine: e, addr: s.Addr(), stage: s, counters: e.counter(s.Addr()), outstanding: map[int64]attempt{},
		queue: newQueue(e.config.MaxInFlightRecords, e.config.MaxInFlightBytes), kick: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if e.state.durable {
		a.queue.outbox = &outbox{last: &e.posted, open: map[int64]*posted{}, of: map[origin]int{}, changed: &e.state.changed, want: e.state.want}
	}
	return a
}

// start runs the actor with a sink.
func (a *sinkActor) start(sink plugins.Sink) {
	ctx, cancel := context.WithCancelCause(a.engine.work)
	a.ctx, a.cancel = ctx, cancel
	a.setSink(a.stage, sink)
	go func() {
		defer cancel(nil)
		a.run()
	}()
}

// run writes until the queue has ended and all is answered, or a.ctx ends.
func (a *sinkActor) run() {
	defer close(a.done)
	defer context.AfterFunc(a.ctx, func() { a.queue.breakOff(context.Cause(a.ctx)) })()
	for a.takeOver() {
		for a.ctx.Err() == nil && a.next() {
		}
		a.settle()
		if a.dirty && a.ctx.Err() == nil {
			a.flush()
			a.settle()
		}
		a.handBack()
	}
	if err := a.closeSink(); err != nil {
		a.engine.fail(fmt.Errorf("%s: close: %w", a.addr, err))
	}
	if a.ctx.Err() != nil {
		a.giveUp()
	}
}

// giveUp discards everything that is not written when all is to stop. What a
// sink leaves that was removed is dropped: it holds up nothing else.
func (a *sinkActor) giveUp() {
	cause := context.Cause(a.ctx)
	a.settle() // what closing has answered
	a.queue.breakOff(cause)
	if errors.Is(cause, errRemoved) {
		cause = nil
	}
	for _, t := range a.redo {
		t.discard(cause)
	}
	for _, t := range a.outstanding {
		a.queue.forget(t.number, cause)
		t.delivery.release(cause) // the sink may still use the batch
	}
	a.queue.discardRest(cause)
}

// takeOver blocks until there is something to do and nobody is at it. It
// reports false when there never will be, and owns the actor either way.
func (a *sinkActor) takeOver() bool {
	q := a.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case a.busy:
		case q.broken != nil:
			a.busy = true
			return false
		case a.hasWork() || a.dirty:
			a.busy = true
			return true
		case q.ended && len(q.parcels) == 0 && len(a.outstanding) == 0:
			a.busy = true
			return false
		}
		q.changed.Wait()
	}
}

// hasWork reports whether something other than a flush is to be done. It is
// called under queue.mu while nobody is busy, or by the owner.
func (a *sinkActor) hasWork() bool {
	return a.queue.ready() || len(a.answers) > 0 || len(a.redo) > 0 || a.swap != nil
}

// handBack lets others own the actor.
func (a *sinkActor) handBack() {
	q := a.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	a.busy = false
	if a.acquiring > 0 || a.hasWork() || a.dirty || q.ended || q.broken != nil {
		q.changed.Broadcast()
	}
}

// direct writes a parcel in the calling goroutine, where the sink allows it
// and nothing else waits to be written: the records are still in the cache of
// its processor. It reports false when the parcel is to be queued.
func (a *sinkActor) direct(p parcel) bool {
	q := a.queue
	q.mu.Lock()
	if a.busy || q.direct == nil || q.broken != nil || a.hasWork() {
		q.mu.Unlock()
		return false
	}
	a.busy = true
	q.mu.Unlock()
	a.inside = true
	a.write(a.attempt(p))
	a.dirty = false // such a sink holds nothing back
	a.settle()
	a.inside = false
	a.handBack()
	return true
}

// attempt gives a parcel its place in the order.
func (a *sinkActor) attempt(p parcel) attempt {
	a.last++
	return attempt{parcel: p, number: a.last}
}

// next writes one parcel, if there is one: the first of those that are not
// written, as far as the sink has answered, also while it was waited for.
func (a *sinkActor) next() bool {
	a.swapSink()
	a.settle()
	if a.failing {
		if a.pause() {
			a.settle()
		}
		if a.failing {
			return true // something else comes first
		}
	}
	if len(a.redo) > 0 {
		t := a.redo[0]
		a.redo = slices.Delete(a.redo, 0, 1)
		a.write(t)
		return true
	}
	p, ok := a.queue.take()
	if ok {
		a.write(a.attempt(p))
	}
	return ok
}

func (a *sinkActor) write(t attempt) {
	a.outstanding[t.number] = t
	a.dirty = true
	answered := func(err error) {
		a.queue.mu.Lock()
		defer a.queue.mu.Unlock()
		a.answers = append(a.answers, answer{t.number, err})
		if !a.busy || a.awaited { // otherwise the owner looks at it
			a.queue.changed.Broadcast()
		}
	}
	err := a.begin()
	if err == nil {
		err = a.sink.Write(a.ctx, t.batch, answered)
	}
	if err != nil {
		answered(err)
	}
}

// flush finishes what the sink holds back. Writes that fail are answered so;
// an error without them means that there is still something to flush.
func (a *sinkActor) flush() {
	a.dirty = false
	if err := a.sink.Flush(a.ctx); err != nil && a.ctx.Err() == nil {
		a.dirty = true
		a.failed("sink cannot flush; it is tried again", err)
	}
}

// closeSink finishes the sink.
func (a *sinkActor) closeSink() error {
	c, ok := a.sink.(plugins.Closer)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.engine.work), a.engine.config.DrainTimeout)
	defer cancel()
	return c.Close(ctx)
}
