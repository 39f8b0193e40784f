package runtime

import (
	"context"
	"sync"
)

// valve lets work into the chains and lanes, and counts what is under way in
// them. While it is closed nothing new enters: once nothing is under way, state
// stands still. What waits for sinks is not under way.
type valve struct {
	mu      sync.Mutex
	changed sync.Cond
	closed  bool
	awaited *sinkActor // whose dead letters are let in though it is closed, nil for nobody's
	under   int
	entered int64 // how often something has
}

func newValve() *valve {
	v := new(valve)
	v.changed.L = &v.mu
	return v
}

// enter counts a piece of work that comes from outside, and waits while the
// valve is closed. Dead letters of a sink (refusing; nil for other work) do not wait
// where those who made the pipeline stand still wait for them.
func (v *valve) enter(refusing *sinkActor) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for v.closed && (refusing == nil || v.awaited != refusing) {
		v.changed.Wait()
	}
	v.under++
	v.entered++
}

// await lets in the dead letters of a sink while the valve is closed; nil ends that.
func (v *valve) await(a *sinkActor) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.awaited = a
	v.changed.Broadcast()
}

// add counts a piece of work that comes of one that is under way.
func (v *valve) add() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.under++
}

// done is called when a piece of work that was counted is over.
func (v *valve) done() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.under--; v.under == 0 {
		v.changed.Broadcast()
	}
}

// tryEnter counts a piece of work that comes from outside, unless the valve is
// closed. It is for those on whom what is under way may wait.
func (v *valve) tryEnter() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return false
	}
	v.under++
	v.entered++
	return true
}

// entries returns how often work has entered.
func (v *valve) entries() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.entered
}

// close closes the valve and waits until nothing is under way. When ctx ends
// first it opens the valve again and returns the cause.
func (v *valve) close(ctx context.Context) error {
	err := v.quiet(ctx)
	if err != nil {
		v.open()
	}
	return err
}

// quiet closes the valve, unless it is, and waits until nothing is under way or ctx ends.
func (v *valve) quiet(ctx context.Context) error {
	defer wakeWith(ctx, &v.changed)()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for v.under > 0 && ctx.Err() == nil {
		v.changed.Wait()
	}
	if v.under > 0 {
		return context.Cause(ctx)
	}
	return nil
}

// open lets work in again.
func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = false
	v.changed.Broadcast()
}
