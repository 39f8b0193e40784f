package runtime

import (
	"fmt"
	"maps"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// lanes run a keyed stage and what is downstream of it: one goroutine, queue
// and chain each.
type lanes struct {
	stage     *graph.Stage
	queues    []*queue
	entries   []laneEntry
	inherited int // entries that only what is queued may still use
	ids       map[string]int
	group     *laneGroup
}

// laneGroup is the goroutines of lanes, over all the topologies that have them.
type laneGroup struct {
	sync.WaitGroup
	newest *topology // under Engine.gate
}

// laneEntry is one way into the lanes: an edge, and the shape of what comes.
type laneEntry struct {
	edge graph.Edge
	in   plugins.Shape
}

func (e *Engine) newLanes(s *graph.Stage) *lanes {
	n := e.config.Workers
	if s.Key == nil {
		n = 1
	}
	l := &lanes{stage: s, ids: map[string]int{}, group: new(laneGroup)}
	for range n {
		l.queues = append(l.queues, newQueue(e.config.MaxInFlightRecords, e.config.MaxInFlightBytes))
	}
	return l
}

// fits reports whether the lanes can run the stage as it is in a new graph.
func (l *lanes) fits(s *graph.Stage) bool {
	return (l.stage.Key == nil) == (s.Key == nil) && l.stage.Fingerprint() == s.Fingerprint()
}

// next returns the same lanes for a new topology. The numbers of the entries
// stay valid for what is queued.
func (l *lanes) next() *lanes {
	n := *l
	n.ids = maps.Clone(l.ids)
	n.inherited = len(l.entries)
	return &n
}

// entry returns the number of a way in, a new one where it is not known yet.
func (l *lanes) entry(e graph.Edge, in plugins.Shape) int {
	id := fmt.Sprintf("%d %s %v %s %s %d %v %v", e.Input, in.Type, in.Format, in.Options.Fingerprint(), in.Payload, in.Generation, in.Set, in.Removed)
	n, ok := l.ids[id]
	if !ok {
		n = len(l.entries)
		l.ids[id] = n
		l.entries = append(l.entries[:n:n], laneEntry{e, in})
	}
	return n
}

// compileEntries compiles the chain of one lane.
func (l *lanes) compileEntries(c *compiler) ([]link, error) {
	var links []link
	for i, x := range l.entries {
		n, err := c.transform(c.top.graph.Stage(l.stage.Addr()), x.in, columns{generation: x.in.Generation})
		if err != nil && i < l.inherited {
			n, err = c.outdated(l.stage, x.in)
		}
		if err != nil {
			return nil, err
		}
		links = append(links, n)
	}
	return links, nil
}

// start runs the goroutines of the lanes.
func (l *lanes) start(e *Engine) {
	for i := range l.queues {
		l.group.Go(func() { l.runLane(e, i) })
	}
}

// outdated compiles an entry for what is queued in a shape that a reload did
// away with.
func (c *compiler) outdated(s *graph.Stage, in plugins.Shape) (link, error) {
	base, err := c.base(s, in)
	return &outdatedNode{base}, err
}

// outdatedNode fails all records.
type outdatedNode struct{ *stage }

func (n *outdatedNode) run(j *job, b *plugins.Batch) {
	for _, i := range b.Sel {
		b.Fail(i, plugins.Failure{Code: "reloaded", Msg: "the record waited while the pipeline was reloaded, and has a shape that the stage does not take any more"})
	}
	n.fail(j, b)
}

// runLane runs one lane until its queue has ended and is empty.
func (l *lanes) runLane(e *Engine, lane int) {
	var c *chain
	q := l.queues[lane]
	for q.wait() {
		p, ok := q.take()
		if !ok {
			continue
		}
		v := e.acquire(&l.group.newest)
		if n := v.chains[l.stage.Addr()][lane]; n != c {
			n.adopt(c)
			c = n
		}
		p.counters.held.Add(-int64(len(p.batch.Sel)))
		j := v.jobs.get()
		j.delivery, j.batch, j.version = p.delivery, p.batch, v
		switch n := c.entries[p.entry].(type) {
		case *transformNode:
			n.process(j, p.batch)
		default:
			n.run(j, p.batch)
		}
		j.passOn()
	}
	q.discardRest()
}

// end lets the lanes finish what is queued, and waits for that.
func (l *lanes) end() {
	for _, q := range l.queues {
		q.end()
	}
	l.group.Wait()
}
