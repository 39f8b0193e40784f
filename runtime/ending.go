package runtime

import (
	"context"
	"time"
)

// awaitSources blocks until the sources have ended and everything in flight is
// finished, or is to be finished in a limited time. Until then the pipeline
// can be reloaded: a sink that is down may need it.
func (e *Engine) awaitSources() {
	for {
		next := e.unfinished()
		e.mu.Lock()
		e.waiting.Store(e.active == 0)
		settled := e.active == 0 && e.inFlight.Load() == 0
		over := settled || e.active == 0 && (e.drained || e.work.Err() != nil)
		if settled && !e.drained && e.err == nil && next != nil {
			over = false
			e.finished[next.stage.Addr()] = true
		} else {
			next = nil
		}
		if over {
			e.phase = draining
		}
		e.mu.Unlock()
		switch {
		case over:
			return
		case next != nil:
			e.finishInput(next)
		default:
			if e.waiting.Load() {
				e.state.want() // for what waits for a checkpoint
			}
			<-e.ended
		}
	}
}

// unfinished returns the lanes of the next stage that does not know yet that
// the input has ended, nil when all know.
func (e *Engine) unfinished() *lanes {
	top := e.current()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range flowOrder(top.graph) {
		if l := top.lanes[s.Addr()]; l != nil && !e.finished[s.Addr()] {
			return l
		}
	}
	return nil
}

// finishInput tells a stage that the input has ended. What it then sends on is
// in flight.
func (e *Engine) finishInput(l *lanes) {
	for _, q := range l.queues {
		e.valve.enter(nil)
		p := parcel{to: q, batch: e.pool.Batch(), delivery: e.unprompted(l.stage.Follows), entry: finishEntry, counters: e.counter(l.stage.Addr())}
		if err := q.put(p); err != nil {
			p.discard(err)
		}
	}
}

// finish lets what is queued run out, each queue after everything that feeds
// it.
func (e *Engine) finish() {
	for _, s := range flowOrder(e.top.graph) {
		if l := e.top.lanes[s.Addr()]; l != nil {
			l.end()
		}
		if a := e.top.sinks[s.Addr()]; a != nil {
			if e.transactional(e.top.graph) == s {
				e.state.takeUntil(a)
			}
			a.queue.end()
			e.state.want() // what waits for a checkpoint does not wait longer
			<-a.done
		}
	}
	e.top.running.wait()
}

// Drain makes the sources stop. Run finishes what they have handed over, for
// as long as the drain timeout allows, and returns.
func (e *Engine) Drain() {
	e.mu.Lock()
	if e.phase != stopped {
		e.phase = draining
	}
	if !e.drained {
		e.drained = true
		time.AfterFunc(e.config.DrainTimeout, e.giveUp)
	}
	e.mu.Unlock()
	e.stopSources()
	e.nudge()
}

// giveUp ends a drain that takes too long. What sinks have not taken is lost,
// unless a checkpoint has it: then they get it after the next start.
func (e *Engine) giveUp() {
	if top := e.current(); top != nil && e.state.durable && !e.state.stalled.Load() && e.ofOneMoment(top.graph) {
		ctx, cancel := context.WithTimeout(e.work, e.config.DrainTimeout)
		defer cancel()
		if e.work.Err() == nil && e.state.take(ctx, true) == nil {
			e.config.Logger.Warn("some sinks did not take everything in time: the rest is in the checkpoint, for the next start")
			e.fail(errKept)
			return
		}
	}
	e.fail(errDrained)
}

func (e *Engine) stopSources() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.sources {
		a.stop()
	}
}

// fail stops everything at once, because of err.
func (e *Engine) fail(err error) {
	e.mu.Lock()
	if e.err == nil && e.phase != stopped {
		e.err = err
	}
	e.mu.Unlock()
	e.abort(err)
	e.nudge()
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.top == nil {
		return
	}
	for _, l := range e.top.lanes {
		for _, q := range l.queues {
			q.breakOff(err)
		}
	}
}
