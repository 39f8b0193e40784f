package runtime

import (
	"fmt"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// topology is a compiled graph. It is not changed once it runs, but shares
// sinks and lanes with the topology before it.
type topology struct {
	engine *Engine
	graph  *graph.Graph
	sinks  map[string]*sinkActor
	lanes  map[string]*lanes
	shared map[string]*plugins.Shared // by the address of the transform
	// chains of sources by address, one for each worker; of lanes, one for
	// each lane; of sinks, one for their dead letters.
	chains map[string][]*chain

	running tracker // jobs of this version that have not been passed on
}

// tracker counts work that is under way. Unlike a [sync.WaitGroup] it may start
// from nothing while somebody waits: lanes that a reload removed do so.
type tracker struct {
	mu   sync.Mutex
	n    int
	zero chan struct{} // closed at zero; nil while nobody waits
}

func (t *tracker) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tracker) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.zero != nil {
		close(t.zero)
		t.zero = nil
	}
}

// wait blocks until nothing is under way.
func (t *tracker) wait() {
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return
	}
	if t.zero == nil {
		t.zero = make(chan struct{})
	}
	zero := t.zero
	t.mu.Unlock()
	<-zero
}

// newTopology compiles a graph. Sinks and lanes of old that the graph still
// has are used on; those it does not have are made, but not started.
func (e *Engine) newTopology(g *graph.Graph, old *topology) (*topology, error) {
	if cycle := g.Cycle(); cycle != nil {
		return nil, fmt.Errorf("the stages form a cycle: %v", cycle)
	}
	t := &topology{engine: e, graph: g, sinks: map[string]*sinkActor{}, lanes: map[string]*lanes{}, shared: sharedOf(g, old), chains: map[string][]*chain{}}
	for _, s := range g.Stages {
		e.counter(s.Addr())
		switch {
		case s.Role == graph.Sink:
			if old != nil && old.sinks[s.Addr()] != nil && takesOver(old.graph.Stage(s.Addr()), s) {
				t.sinks[s.Addr()] = old.sinks[s.Addr()]
			} else {
				t.sinks[s.Addr()] = e.newSinkActor(s)
			}
		case s.Role == graph.Transform && (&compiler{top: t}).keyed(s):
			if old != nil && old.lanes[s.Addr()] != nil && old.lanes[s.Addr()].fits(s) {
				t.lanes[s.Addr()] = old.lanes[s.Addr()].next()
			} else {
				t.lanes[s.Addr()] = e.newLanes(s)
			}
		}
	}
	// The chains of sources, then of lanes from up to down, then of sinks:
	// each finds out by which entries the ones after it are reached.
	for _, s := range g.Stages {
		if s.Role == graph.Source {
			if err := t.compile(s.Addr(), e.config.Workers, t.sourceEntries(s)); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range g.Stages {
		if s.Role == graph.Sink {
			if err := t.compile(s.Addr(), 1, t.errorEntries(s)); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range g.Downstream() {
		if l := t.lanes[s.Addr()]; l != nil {
			if err := t.compile(s.Addr(), len(l.queues), l.compileEntries); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// compile makes n equal chains for what is at addr.
func (t *topology) compile(addr string, n int, entries func(*compiler) ([]link, error)) error {
	for range n {
		c := &compiler{top: t, chain: &chain{version: t, stages: map[string]*instance{}}, made: map[string]link{}}
		links, err := entries(c)
		if err != nil {
			return err
		}
		c.chain.entries = links
		t.chains[addr] = append(t.chains[addr], c.chain)
	}
	return nil
}

// Entries of a source's chain.
const (
	recordEntry = iota // its records
	failedEntry        // a batch whose failures are the source's
)

func (t *topology) sourceEntries(s *graph.Stage) func(*compiler) ([]link, error) {
	return func(c *compiler) ([]link, error) {
		in, err := c.top.engine.sourceShape(s)
		if err != nil {
			return nil, err
		}
		base, err := c.base(s, in)
		if err != nil {
			return nil, err
		}
		next, err := c.links(t.graph.Consumers(s.Addr(), ""), in, columns{})
		return []link{recordEntry: next, failedEntry: &failNode{base}}, err
	}
}

// sourceShape returns the shape of what a source brings.
func (e *Engine) sourceShape(s *graph.Stage) (plugins.Shape, error) {
	if len(s.Outputs) != 1 {
		return plugins.Shape{}, fmt.Errorf("%s: a source has one output, not %d", s.Addr(), len(s.Outputs))
	}
	return s.Outputs[0].Shape, nil
}

// errorEntries of a sink's chain: entry 0 takes a batch whose failures are the
// sink's.
func (t *topology) errorEntries(s *graph.Stage) func(*compiler) ([]link, error) {
	return func(c *compiler) ([]link, error) {
		base, err := c.base(s, plugins.Shape{Format: "encoded"})
		return []link{&failNode{base}}, err
	}
}

// failNode hands over the failures that a batch came with.
type failNode struct{ *stage }

func (n *failNode) run(j *job, b *plugins.Batch) {
	if len(b.Failures) > 0 {
		n.fail(j, b)
	}
}
