package runtime

import (
	"context"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// replacement is how to go on after a reload.
type replacement struct {
	stage *graph.Stage
	sink  plugins.Sink // nil: the same one
	done  chan struct{}
}

// takesOver reports whether what is queued for an old stage can be written by
// a new one: it is encoded already.
func takesOver(old, s *graph.Stage) bool {
	return old.Kind == s.Kind && old.Format == s.Format && old.Options.Fingerprint() == s.Options.Fingerprint()
}

// replace makes the actor go on as a reload says, and waits for that.
func (a *sinkActor) replace(ctx context.Context, s *graph.Stage, sink plugins.Sink) {
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
	case <-ctx.Done():
	}
}

// swapSink goes on with another sink where a reload says so.
func (a *sinkActor) swapSink() {
	a.queue.mu.Lock()
	r := a.swap
	a.swap = nil
	a.queue.mu.Unlock()
	if r == nil {
		return
	}
	defer close(r.done)
	a.failing, a.pauses = false, 0
	for i := range a.redo {
		a.redo[i].tries = 0
	}
	if r.sink == nil {
		a.stage = r.stage
		return
	}
	// What the old sink still holds back it finishes; what fails then is
	// written to the new one. That is opened when the old one is closed: both
	// may write to the same place.
	for len(a.outstanding) > 0 && a.ctx.Err() == nil {
		a.flush()
		a.awaitAnswers()
		a.settle()
	}
	if err := a.closeSink(); err != nil {
		a.engine.config.Logger.Error("the sink that a reload replaced was not closed properly", "stage", a.addr, "error", err)
	}
	a.setSink(r.stage, r.sink)
	if err := a.engine.openSink(a.ctx, r.stage, r.sink); err != nil {
		a.engine.config.Logger.Error("the sink of the reloaded pipeline cannot be opened", "error", err)
	}
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

// setSink goes on with a sink, writing to it directly where its kind allows.
func (a *sinkActor) setSink(s *graph.Stage, sink plugins.Sink) {
	a.stage, a.sink = s, sink
	kind, _ := s.SinkKind(a.engine.config.Registry)
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	a.queue.direct = nil
	if kind.Direct != nil && kind.Direct(s.Config) {
		a.queue.direct = a.direct
	}
}
