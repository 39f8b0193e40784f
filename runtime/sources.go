package runtime

import (
	"maps"

	"github.com/onstream/onstream/runtime/graph"
)

// newSources makes the sources of a graph, to resume where they stood.
func (e *Engine) newSources(g *graph.Graph) ([]*sourceActor, error) {
	var sources []*sourceActor
	for _, s := range g.Stages {
		if s.Role != graph.Source {
			continue
		}
		from, err := e.state.positions(s.Addr())
		if err != nil {
			return nil, err
		}
		a, err := e.newSource(s, from)
		if err != nil {
			return nil, err
		}
		sources = append(sources, a)
	}
	return sources, nil
}

// startSource runs a source. The engine runs at least until it has ended.
func (e *Engine) startSource(a *sourceActor) {
	e.mu.Lock()
	e.active++
	clear(e.finished) // there is input again
	e.sources[a.stage.Addr()] = a
	drain := e.phase != running
	e.mu.Unlock()
	a.run(e.sourceEnded)
	if drain {
		a.stop()
	}
}

func (e *Engine) sourceEnded(err error) {
	if err != nil {
		e.mu.Lock()
		if e.err == nil {
			e.err = err
		}
		if e.phase == running {
			e.phase = draining // no source is started any more
		}
		e.mu.Unlock()
		e.config.Logger.Warn("a source failed: what was read is finished, then the pipeline stops")
		e.stopSources()
	}
	e.mu.Lock()
	e.active--
	e.mu.Unlock()
	e.nudge()
}

// nudge makes awaitSources look again.
func (e *Engine) nudge() {
	select {
	case e.ended <- struct{}{}:
	default:
	}
}

// settled is called when a delivery was answered.
func (e *Engine) settled() {
	if e.inFlight.Add(-1) == 0 && e.waiting.Load() {
		e.nudge()
	}
}

// running returns the sources that run, by address.
func (e *Engine) running() map[string]*sourceActor {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.sources)
}
