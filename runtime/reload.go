package runtime

import (
	"context"
	"errors"
	"fmt"
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
	if still {
		top.inherit(old)
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

// inherit lets stages that changed take over more than what is stored from those that they were, lane by lane where their
// keys are divided alike. Nothing that follows can fail.
func (t *topology) inherit(old *topology) {
	for addr, l := range t.lanes {
		was := old.lanes[addr]
		if was == nil || was.group == l.group || len(was.queues) != len(l.queues) || fmt.Sprint(was.stage.Key, was.stage.Keys) != fmt.Sprint(t.graph.Stage(addr).Key, t.graph.Stage(addr).Keys) {
			continue
		}
		for i, c := range t.chains[addr] {
			if heir, ok := c.transform(addr).(plugins.Heir); ok {
				heir.Inherit(was.group.chains[i].transform(addr))
			}
		}
	}
}

// sameLanes reports whether a stage runs in the lanes it had.
func sameLanes(old, top *topology, addr string) bool {
	return old.lanes[addr] != nil && old.lanes[addr].group == top.lanes[addr].group
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
		case c.New.Role == graph.Sink && c.Old.Config.Fingerprint() == c.New.Config.Fingerprint() && c.Old.Plugin == c.New.Plugin:
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
