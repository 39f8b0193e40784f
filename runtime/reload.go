package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Reload goes on with another graph and returns what that changed. Stages that
// are the same in both run on undisturbed; sources that changed resume where
// they were, if they can; a sink that changed takes over what waits for it. On
// an error the old graph keeps running, untouched.
//
// Reload returns when everything new runs. What was removed finishes what it
// has, for as long as the drain timeout allows, in the background.
func (e *Engine) Reload(ctx context.Context, g *graph.Graph) ([]graph.Change, error) {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	e.mu.Lock()
	ok := e.phase == running && e.ready
	if ok {
		e.active++ // the engine does not end meanwhile
	}
	e.mu.Unlock()
	if !ok {
		return nil, errors.New("reload: the pipeline is not running")
	}
	defer func() {
		e.mu.Lock()
		e.active--
		e.mu.Unlock()
		e.nudge()
	}()

	old := e.top
	changes, err := e.withReplays(graph.Diff(old.graph, g), old, g)
	if err != nil {
		return nil, fmt.Errorf("reload: %w", err)
	}
	top, sinks, err := e.change(ctx, old, g, changes)
	if err != nil {
		return nil, fmt.Errorf("reload: %w", err)
	}
	for s, sink := range sinks {
		old.sinks[s.Addr()].replace(ctx, s, sink)
	}
	replaced, stopped := e.replaceSources(changes, top)
	e.retire(old, top, stopped)
	select {
	case <-replaced:
		return changes, nil
	case <-ctx.Done():
		return changes, fmt.Errorf("reload: applied, but some sources have not stopped yet: %w", context.Cause(ctx))
	}
}

// change makes the engine run a new topology, as far as stages go: sources are
// yet to follow, and sinks that take over a queue. Where stages keep state, the
// pipeline stands still meanwhile, and what they keep is handed over by a
// checkpoint.
func (e *Engine) change(ctx context.Context, old *topology, g *graph.Graph, changes []graph.Change) (*topology, map[*graph.Stage]plugins.Sink, error) {
	if e.state.stalled.Load() {
		return nil, nil, errors.New("checkpoints cannot be stored at present; try again when they can")
	}
	e.state.turn.Lock()
	defer e.state.turn.Unlock()
	if err := e.state.open(g); err != nil {
		return nil, nil, err
	}
	e.via.hold(g)
	top, err := e.newTopology(g, old)
	if err != nil {
		e.via.release(g)
		return nil, nil, err
	}
	fresh, swaps, err := e.prepare(ctx, changes, old, top)
	if err != nil {
		top.closeShared(old)
		e.via.release(g)
		return nil, nil, err
	}
	if err := e.changeOver(ctx, old, top, changes, fresh); err != nil {
		closeAll(ctx, fresh)
		top.closeShared(old)
		e.via.release(g)
		return nil, nil, err
	}
	return top, swaps, nil
}

// changeOver makes the engine run a topology that is prepared.
func (e *Engine) changeOver(ctx context.Context, old, top *topology, changes []graph.Change, fresh map[string]plugins.Sink) error {
	still := e.ofOneMoment(old.graph) || e.ofOneMoment(top.graph)
	if still {
		if err := e.handOver(ctx, old); err != nil {
			return err
		}
		defer e.goOn(old)
	}
	undo, err := e.state.admit(top.graph, e.state.living(old))
	if err != nil {
		return err
	}
	if err := e.takeUp(old, top, still); err != nil {
		return errors.Join(err, undo())
	}
	e.closeSources(changes)
	for addr, s := range fresh {
		top.sinks[addr].start(s)
	}
	for addr, l := range top.lanes {
		switch {
		case !sameLanes(old, top, addr):
			l.start(top)
		case still:
			copy(l.group.chains, top.chains[addr])
			for _, q := range l.queues {
				q.wake() // a new instance may want to be called at another time
			}
		}
	}
	e.state.follow(top.graph)
	e.state.retired = append(e.state.retired, removedSinks(old, top)...)
	e.publish(top, e.unchangedSources(changes)...)
	return nil
}

// handOver makes the pipeline stand still and stores what its stages keep.
func (e *Engine) handOver(ctx context.Context, old *topology) error {
	c := e.state
	ctx, cancel := context.WithTimeoutCause(ctx, quietTime, errBusy)
	defer cancel()
	if err := c.saveFailed(ctx); err != nil {
		return err
	}
	if err := e.standStill(ctx, old); err != nil {
		return err
	}
	s, err := c.gather(ctx, old, e.ofOneMoment(old.graph))
	if err != nil {
		e.fail(err) // what the stages gave for it is not given again
	} else {
		err = c.save(ctx, s, true, CheckpointStats{At: time.Now()})
	}
	if err != nil {
		e.goOn(old)
	}
	return err
}

// closeSources keeps those that a reload replaces or removes from handing over
// anything more: where they stand is settled, and what they hold back is read
// again.
func (e *Engine) closeSources(changes []graph.Change) {
	running := e.running()
	for _, c := range changes {
		if a := running[c.Addr]; a != nil && restarts(c) {
			a.stop()
			a.close(errStopping)
			if c.New == nil {
				e.state.leave(a)
			}
		}
	}
}

// takeUp gives the stages of a new topology what they had: those that go on as
// they are their instances, where the pipeline stands still, the others what
// is stored for them; and sinks that are new what waits for them.
func (e *Engine) takeUp(old, top *topology, still bool) error {
	living := e.state.living(old)
	for addr, a := range top.sinks {
		if living[addr] == nil {
			if err := e.state.resume(a); err != nil {
				return err
			}
		}
	}
	if !still {
		return nil
	}
	for addr, l := range top.lanes {
		for i, c := range top.chains[addr] {
			if sameLanes(old, top, addr) {
				last := l.group.chains[i]
				c.adopt(last)
				if c.transform(addr) == last.transform(addr) {
					continue
				}
			}
			if err := l.restoreLane(top, c, i); err != nil {
				return fmt.Errorf("%s: read its state: %w", addr, err)
			}
		}
	}
	return nil
}

// sameLanes reports whether a stage runs in the lanes it had.
func sameLanes(old, top *topology, addr string) bool {
	return old.lanes[addr] != nil && old.lanes[addr].group == top.lanes[addr].group
}

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

// prepare makes, before anything changes, what the new topology needs: fresh
// sinks, which have their queue to themselves and are open, by address; and
// those that take over a queue, nil where only the way to treat the sink
// changed. Sources are made to see that they can be.
func (e *Engine) prepare(ctx context.Context, changes []graph.Change, old, top *topology) (fresh map[string]plugins.Sink, swaps map[*graph.Stage]plugins.Sink, err error) {
	fresh, swaps = map[string]plugins.Sink{}, map[*graph.Stage]plugins.Sink{}
	if err := top.open(ctx, old); err != nil {
		return nil, nil, err
	}
	for _, c := range changes {
		switch {
		case c.New == nil || c.Kind == graph.Rewired:
		case c.New.Role == graph.Source:
			// It is seen that it can resume; where from is settled later.
			a, err := e.newSource(c.New, e.whereFrom(c, top.graph))
			if err != nil {
				return nil, nil, err
			}
			a.stop()
		case c.New.Role == graph.Sink && top.sinks[c.Addr] != old.sinks[c.Addr]:
			if fresh[c.Addr], err = e.newSink(c.New, c.Old != nil); err != nil {
				return nil, nil, err
			}
		case c.New.Role == graph.Sink && c.Old.Config.Fingerprint() == c.New.Config.Fingerprint():
			swaps[c.New] = nil
		case c.New.Role == graph.Sink:
			if swaps[c.New], err = e.newSink(c.New, true); err != nil {
				return nil, nil, err
			}
		}
	}
	// Opening may leave something behind, so it comes last.
	for addr, s := range fresh {
		if err := e.openSink(ctx, top.graph.Stage(addr), s); err != nil {
			closeAll(ctx, fresh)
			return nil, nil, err
		}
	}
	return fresh, swaps, nil
}

// restarts reports whether the change makes another source of one.
func restarts(c graph.Change) bool {
	s := c.New
	if s == nil {
		s = c.Old
	}
	return s.Role == graph.Source && c.Kind != graph.Rewired
}

// unchangedSources returns the sources that go on with the new topology.
func (e *Engine) unchangedSources(changes []graph.Change) []*sourceActor {
	e.mu.Lock()
	defer e.mu.Unlock()
	rest := maps.Clone(e.sources)
	for _, c := range changes {
		if restarts(c) {
			delete(rest, c.Addr)
		}
	}
	return slices.Collect(maps.Values(rest))
}

// replaceSources starts the sources that are new, and those that changed when
// their old selves, which are closed, have ended. It closes replaced when all
// run, and returns those that end.
func (e *Engine) replaceSources(changes []graph.Change, top *topology) (replaced chan struct{}, stopped []*sourceActor) {
	var starting sync.WaitGroup
	for _, c := range changes {
		if !restarts(c) {
			continue
		}
		e.mu.Lock()
		old := e.sources[c.Addr]
		delete(e.sources, c.Addr)
		if c.New != nil {
			e.active++ // the engine does not end before it has started
		}
		e.mu.Unlock()
		if old != nil {
			stopped = append(stopped, old)
		}
		if c.New != nil {
			starting.Go(func() { e.restart(c, old, top) })
		}
	}
	replaced = make(chan struct{})
	e.background.Go(func() {
		starting.Wait()
		close(replaced)
	})
	return replaced, stopped
}

// predecessor returns the source that a new one takes over from: its old self,
// one that had its address before, or the one that it was under another name;
// nil for none.
func (e *Engine) predecessor(c graph.Change, g *graph.Graph) *sourceActor {
	running := e.running()
	for _, addr := range append([]string{c.Addr}, formerly(c.Addr, g)...) {
		a := running[addr]
		if a == nil {
			a = e.state.left(addr)
		}
		if a != nil && a.stage.Kind == c.New.Kind {
			return a
		}
	}
	return nil
}

// whereFrom returns the positions at which a new source is to resume, as far
// as they are known now.
func (e *Engine) whereFrom(c graph.Change, g *graph.Graph) map[plugins.Partition]plugins.Position {
	if p := e.predecessor(c, g); p != nil {
		return p.positions(true)
	}
	if c.Old != nil {
		return nil // of another kind
	}
	for _, addr := range append([]string{c.Addr}, formerly(c.Addr, g)...) {
		if from, err := e.state.positions(addr); err == nil && len(from) > 0 {
			return from
		}
	}
	return nil
}

// restart starts a source where the one before it, if there was one, has ended.
func (e *Engine) restart(c graph.Change, old *sourceActor, top *topology) {
	before := e.predecessor(c, top.graph)
	if before == nil && old != nil && old.stage.Kind == c.New.Kind {
		before = old
	}
	for _, a := range []*sourceActor{old, before} {
		if a != nil {
			<-a.ended
		}
	}
	var from map[plugins.Partition]plugins.Position
	if before != nil {
		from = before.positions(true)
	} else {
		from = e.whereFrom(c, top.graph)
	}
	a, err := e.newSource(c.New, from)
	if err == nil {
		a.newest, a.before = top, before
		e.state.forgetLeft(before)
		e.startSource(a)
	}
	e.sourceEnded(err) // the one that was counted in advance
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
