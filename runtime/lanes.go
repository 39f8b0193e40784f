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
	// chains are what each lane runs. They belong to the lane's goroutine, or
	// to whoever has made the pipeline stand still.
	chains []*chain
}

// laneEntry is one way into the lanes: a port, the shape of what comes, and
// which of its fields are decoded.
type laneEntry struct {
	port int
	in   plugins.Shape
	have columns
}

func (e *Engine) newLanes(s *graph.Stage) *lanes {
	n := min(e.config.Workers, plugins.Groups)
	if s.OneLane || s.Key == nil && len(s.Keys) == 0 {
		n = 1
	}
	l := &lanes{stage: s, ids: map[string]int{}, group: &laneGroup{chains: make([]*chain, n)}}
	for range n {
		q := newQueue(e.config.MaxInFlightRecords, e.config.MaxInFlightBytes)
		q.valve = e.valve
		l.queues = append(l.queues, q)
	}
	return l
}

// laneOf returns the lane, of n, that owns a group of keys.
func laneOf(g plugins.Group, n int) int { return int(g) * n / plugins.Groups }

// groupsOf returns the first and the last group that a lane, of n, owns.
func groupsOf(lane, n int) (first, last plugins.Group) {
	from := func(lane int) int { return (lane*plugins.Groups + n - 1) / n }
	return plugins.Group(from(lane)), plugins.Group(from(lane+1) - 1)
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
func (l *lanes) entry(port int, in plugins.Shape, have columns) int {
	id := fmt.Sprintf("%d %s %v %s %s %d %v %v %v %v", port, in.Type, in.Format, in.Options.Fingerprint(), in.Payload, in.Generation, in.Set, in.Removed, in.Messages, have.decoded)
	n, ok := l.ids[id]
	if !ok {
		n = len(l.entries)
		l.ids[id] = n
		l.entries = append(l.entries[:n:n], laneEntry{port, in, have})
	}
	return n
}

// compileEntries compiles the chain of one lane.
func (l *lanes) compileEntries(c *compiler) ([]link, error) {
	var links []link
	for i, x := range l.entries {
		n, err := c.transform(c.top.graph.Stage(l.stage.Addr()), x.port, x.in, x.have)
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

// restore gives the instances of the lanes what the stage has stored.
func (l *lanes) restore(t *topology) error {
	failed := make([]error, len(l.queues))
	var lanes sync.WaitGroup
	for i, c := range t.chains[l.stage.Addr()] {
		lanes.Go(func() { failed[i] = l.restoreLane(t, c, i) })
	}
	lanes.Wait()
	for _, err := range failed {
		if err != nil {
			return fmt.Errorf("%s: read its state: %w", l.stage.Addr(), err)
		}
	}
	return nil
}

func (l *lanes) restoreLane(t *topology, c *chain, lane int) error {
	s, ok := c.transform(l.stage.Addr()).(plugins.Stateful)
	if !ok {
		return nil
	}
	if p, ok := s.(*partitioned); ok {
		return t.engine.state.openShares(t.graph.Stage(l.stage.Addr()), lane, len(l.queues), p)
	}
	first, last := groupsOf(lane, len(l.queues))
	return s.Restore(t.engine.state.store.State(l.stage.Addr(), first, last))
}

// start runs the goroutines of the lanes.
func (l *lanes) start(t *topology) {
	for i, c := range t.chains[l.stage.Addr()] {
		l.group.chains[i] = c
		next := c.next(l.stage.Addr())
		l.group.Go(func() { l.runLane(t.engine, i, next) })
	}
}

// end lets the lanes finish what is queued, and waits for that.
func (l *lanes) end() {
	for _, q := range l.queues {
		q.end()
	}
	l.group.Wait()
}
