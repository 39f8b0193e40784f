package runtime

import (
	"maps"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

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
		if a != nil && a.stage.Origin() == c.New.Origin() {
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
		return nil // of another origin
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
	if before == nil && old != nil && old.stage.Origin() == c.New.Origin() {
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
