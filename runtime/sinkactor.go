package runtime

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// sinkActor writes what is in its queue to one sink, in order, and tries
// again what fails. A reload may replace the sink; the queue stays.
type sinkActor struct {
	engine   *Engine
	addr     string
	queue    *queue
	counters *counters

	// Under queue.mu:
	busy    bool         // somebody owns what is below
	awaited bool         // whoever is busy waits for answers
	answers []answer     // of writes, not yet looked at
	swap    *replacement // to be done before the next write

	// Owned by whoever made busy true: the actor's goroutine, or one that
	// writes directly.
	ctx     context.Context
	stage   *graph.Stage
	sink    plugins.Sink
	redo    []parcel // to be written before anything else, with their attempts
	tries   []int
	waiting int  // writes not yet answered
	dirty   bool // written since the last flush

	kick   chan struct{} // ends a back-off
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// answer is what a sink said about a write.
type answer struct {
	parcel parcel
	tries  int
	err    error
}

// replacement is a sink to go on with.
type replacement struct {
	stage *graph.Stage
	sink  plugins.Sink
	done  chan struct{}
}

func (e *Engine) newSinkActor(s *graph.Stage) *sinkActor {
	return &sinkActor{
		engine: e, addr: s.Addr(), stage: s, counters: e.counter(s.Addr()),
		queue: newQueue(e.config.MaxInFlightRecords, e.config.MaxInFlightBytes), kick: make(chan struct{}, 1), done: make(chan struct{}),
	}
}

// newSink makes the sink of a stage and sees whether it will work.
func (e *Engine) newSink(ctx context.Context, s *graph.Stage) (plugins.Sink, error) {
	kind, ok := e.config.Registry.Sink(s.Kind)
	if !ok {
		return nil, fmt.Errorf("%s: no sink kind %q is registered", s.Addr(), s.Kind)
	}
	sink, err := kind.New(s.Config, e.env(s))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	if o, ok := sink.(plugins.Opener); ok {
		if err := o.Open(ctx); err != nil && plugins.IsPermanent(err) {
			return nil, fmt.Errorf("%s: %w", s.Addr(), err)
		} else if err != nil {
			e.config.Logger.Warn("sink cannot be opened yet; it is tried again with the first record", "stage", s.Addr(), "error", err)
		}
	}
	return sink, nil
}

// start runs the actor with a sink.
func (a *sinkActor) start(sink plugins.Sink) {
	ctx, cancel := context.WithCancelCause(a.engine.work)
	a.ctx, a.cancel = ctx, cancel
	a.setSink(a.stage, sink)
	go func() {
		defer cancel(nil)
		a.run(ctx)
	}()
}

// run writes until the queue has ended and all is answered, or ctx ends.
func (a *sinkActor) run(ctx context.Context) {
	defer close(a.done)
	defer context.AfterFunc(ctx, func() { a.queue.breakOff(context.Cause(ctx)) })()
	for a.takeOver() {
		a.settle(ctx)
		for ctx.Err() == nil && a.next(ctx) {
			a.settle(ctx)
		}
		if a.dirty && ctx.Err() == nil {
			a.flush(ctx)
			a.settle(ctx)
		}
		a.handBack()
	}
	if ctx.Err() != nil {
		a.queue.discardRest()
		for _, p := range a.redo {
			p.discard(context.Cause(ctx))
		}
	}
	a.closeSink()
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
			return false
		case len(q.parcels) > 0 || len(a.answers) > 0 || len(a.redo) > 0 || a.swap != nil || a.dirty:
			a.busy = true
			return true
		case q.ended && a.waiting == 0:
			return false
		}
		q.changed.Wait()
	}
}

// handBack lets others own the actor.
func (a *sinkActor) handBack() {
	q := a.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	a.busy = false
	if q.ended || q.broken != nil || len(q.parcels) > 0 || len(a.answers) > 0 || len(a.redo) > 0 || a.swap != nil {
		q.changed.Broadcast()
	}
}

// direct writes a parcel in the calling goroutine, where nothing else waits to
// be written: the records are still in the cache of its processor. It reports
// false when the parcel is to be queued.
func (a *sinkActor) direct(p parcel) bool {
	q := a.queue
	q.mu.Lock()
	if a.busy || q.broken != nil || len(q.parcels) > 0 || len(a.answers) > 0 || len(a.redo) > 0 || a.swap != nil {
		q.mu.Unlock()
		return false
	}
	a.busy = true
	q.mu.Unlock()
	a.write(a.ctx, p, 0)
	a.dirty = false // there is nothing to flush
	a.settle(a.ctx)
	a.handBack()
	return true
}

// awaitAnswers blocks until there are answers to look at or all ends.
func (a *sinkActor) awaitAnswers() {
	q := a.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	a.awaited = true
	for len(a.answers) == 0 && q.broken == nil {
		q.changed.Wait()
	}
	a.awaited = false
}

// next writes one parcel, if there is one.
func (a *sinkActor) next(ctx context.Context) bool {
	a.swapSink(ctx)
	var p parcel
	tries := 0
	if len(a.redo) > 0 {
		p, tries = a.redo[0], a.tries[0]
		if tries > 0 && !a.backOff(ctx, tries) {
			return true
		}
		a.redo, a.tries = a.redo[1:], a.tries[1:]
	} else {
		var ok bool
		if p, ok = a.queue.take(); !ok {
			return false
		}
	}
	a.write(ctx, p, tries)
	return true
}

func (a *sinkActor) write(ctx context.Context, p parcel, tries int) {
	a.waiting++
	a.dirty = true
	answered := func(err error) {
		a.queue.mu.Lock()
		defer a.queue.mu.Unlock()
		a.answers = append(a.answers, answer{p, tries, err})
		if !a.busy || a.awaited { // otherwise whoever is busy looks at it
			a.queue.changed.Broadcast()
		}
	}
	if err := a.sink.Write(ctx, p.batch, answered); err != nil {
		answered(err)
	}
}

// flush finishes what the sink holds back. An error is the sink's affair: it
// answers the writes with it.
func (a *sinkActor) flush(ctx context.Context) {
	a.dirty = false
	if err := a.sink.Flush(ctx); err != nil && ctx.Err() == nil {
		a.counters.failed(err)
		a.engine.config.Logger.Warn("sink cannot flush", "stage", a.addr, "error", err)
		a.dirty = a.backOff(ctx, 1)
	}
}

// settle looks at the answers.
func (a *sinkActor) settle(ctx context.Context) {
	a.queue.mu.Lock()
	answers := a.answers
	a.answers = nil
	a.queue.mu.Unlock()
	for _, x := range answers {
		a.waiting--
		a.answer(ctx, x)
	}
}

// swapSink goes on with another sink where a reload says so.
func (a *sinkActor) swapSink(ctx context.Context) {
	a.queue.mu.Lock()
	r := a.swap
	a.queue.mu.Unlock()
	if r == nil {
		return
	}
	// What the old sink still holds back it finishes; what fails then is
	// written to the new one.
	for a.waiting > 0 && ctx.Err() == nil {
		a.flush(ctx)
		a.awaitAnswers()
		a.settle(ctx)
	}
	a.closeSink()
	a.setSink(r.stage, r.sink)
	for i := range a.tries {
		a.tries[i] = 0
	}
	a.queue.mu.Lock()
	a.swap = nil
	a.queue.mu.Unlock()
	close(r.done)
}

// setSink goes on with a sink, writing to it directly where its kind allows.
func (a *sinkActor) setSink(s *graph.Stage, sink plugins.Sink) {
	a.stage, a.sink = s, sink
	kind, _ := a.engine.config.Registry.Sink(s.Kind)
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	a.queue.direct = nil
	if kind.Direct != nil && kind.Direct(s.Config) {
		a.queue.direct = a.direct
	}
}

// replace makes the actor go on with another sink.
func (a *sinkActor) replace(s *graph.Stage, sink plugins.Sink) {
	r := &replacement{s, sink, make(chan struct{})}
	a.queue.mu.Lock()
	a.swap = r
	a.queue.changed.Broadcast()
	a.queue.mu.Unlock()
	select {
	case a.kick <- struct{}{}:
	default:
	}
	select {
	case <-r.done:
	case <-a.done:
	}
}

func (a *sinkActor) closeSink() {
	c, ok := a.sink.(plugins.Closer)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.engine.work), a.engine.config.DrainTimeout)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		a.engine.fail(fmt.Errorf("%s: close: %w", a.addr, err))
	}
}
