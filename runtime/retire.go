package runtime

import (
	"errors"
	"slices"
	"time"
)

// removedSinks returns the sinks that only the old topology has.
func removedSinks(old, top *topology) []*sinkActor {
	var removed []*sinkActor
	for addr, a := range old.sinks {
		if top.sinks[addr] != a {
			removed = append(removed, a)
		}
	}
	return removed
}

var errRemoved = errors.New("the sink was removed")

// retire ends, in the background, what only the old topology had.
func (e *Engine) retire(old, top *topology, stopped []*sourceActor) {
	removed := removedSinks(old, top)
	timeout := time.AfterFunc(e.config.DrainTimeout, func() {
		for _, a := range removed {
			if !a.isOver() {
				e.config.Logger.Error("a sink was removed and did not write in time what still waited for it: that is dropped",
					"stage", a.addr, "records", a.counters.held.Load())
			}
			a.cancel(errRemoved)
		}
	})
	e.background.Go(func() {
		defer timeout.Stop()
		for _, a := range stopped {
			<-a.ended
		}
		old.running.wait()
		for _, s := range flowOrder(old.graph) {
			if l := old.lanes[s.Addr()]; l != nil && (top.lanes[s.Addr()] == nil || !sameLanes(old, top, s.Addr())) {
				l.end()
			}
			if a := old.sinks[s.Addr()]; slices.Contains(removed, a) {
				a.queue.end()
				<-a.done
			}
		}
		old.closeShared(top)
		e.via.release(old.graph)
	})
}
