package runtime

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/handoff"
	"github.com/onstream/onstream/runtime/state"
)

// standStill keeps new records out and waits until nothing is under way, so
// that no state changes. It ends with goOn. Sinks go on, and take in whatever
// comes meanwhile: one that is down does not keep the stages from finishing.
func (e *Engine) standStill(ctx context.Context, top *topology) error {
	ctx, cancel := context.WithTimeoutCause(ctx, e.state.patience, errBusy)
	defer cancel()
	top.unbound(true)
	err := e.valve.close(ctx)
	if err != nil {
		top.unbound(false)
		e.state.patience = min(2*e.state.patience, mostQuietTime)
		return err
	}
	e.state.patience = quietTime
	return nil
}

// goOn ends what standStill began.
func (e *Engine) goOn(top *topology) {
	top.unbound(false)
	e.valve.open()
}

func (t *topology) unbound(yes bool) {
	for _, a := range t.sinks {
		a.queue.unbound(yes)
	}
}

// snapshot is what a checkpoint is to store.
type snapshot struct {
	commit *state.Commit
	acks   []ack
	stable map[*sinkActor]int64 // number up to which its parcels are in it
	stands map[string]map[plugins.Partition]plugins.Position
	claims map[string]string
	legacy *legacy    // what is left to the next owners of partitions
	ending *ending    // the transaction that ends with it, nil for none
	parted []*custody // whose last it is
}

// gather collects what has changed. Where stages keep state, the pipeline
// stands still.
func (c *checkpoints) gather(ctx context.Context, top *topology, still bool) (s *snapshot, err error) {
	e := c.engine
	var x *ending
	if still {
		if x, err = c.hold(ctx, top); err != nil {
			return nil, err
		}
		defer func() {
			if x != nil && (err != nil || s.ending == nil) {
				x.actor.handBack()
			}
		}()
	}
	c.seen = e.valve.entries()
	c.changed.Store(false)
	s = &snapshot{
		commit: c.store.Begin(), stable: map[*sinkActor]int64{},
		stands: map[string]map[plugins.Partition]plugins.Position{}, claims: top.graph.Claims(e.config.Registry),
	}
	if still {
		s.legacy = c.newLegacy()
	}
	for addr, claim := range s.claims {
		if c.claimed[addr] != claim {
			s.commit.Claim(addr, claim)
		}
	}
	if err := c.gatherSources(s, still); err != nil {
		return nil, err
	}
	s.parted = c.finished(top)
	writers := c.writers(top)
	c.retired = slices.DeleteFunc(c.retired, (*sinkActor).isOver)
	for _, a := range writers {
		s.stable[a] = a.store(s.commit, s.legacy)
	}
	if still {
		if err := c.gatherState(top, s); err != nil {
			return nil, err
		}
		c.conclude(s, top.graph)
	}
	if err := c.part(top, s); err != nil {
		return nil, err
	}
	if x != nil && x.actor.begun && !s.commit.Empty() {
		s.ending = x
	}
	// Where all is being stopped, what was under way is given up, not finished.
	return s, context.Cause(e.work)
}

// gatherSources notes where the sources stand, and how to tell them that this
// is stored. Those that a reload removed are among them until all they brought
// is finished.
func (c *checkpoints) gatherSources(s *snapshot, still bool) error {
	sources := c.engine.running()
	c.lefts.Lock()
	for addr, a := range c.leaving {
		if sources[addr] == nil {
			sources[addr] = a
		}
		if a.idle() {
			delete(c.leaving, addr)
		}
	}
	c.lefts.Unlock()
	for addr, a := range sources {
		if still && a.isBroken() {
			return fmt.Errorf("%s: a checkpoint is not possible, because records that it brought were not finished", addr)
		}
		a.forgetReplays()
		at, acks := a.stand(still)
		if mutant("state_without_position") {
			at = nil
		}
		s.stands[addr] = at
		s.acks = append(s.acks, acks...)
		for _, p := range a.takeGone() {
			s.commit.Unposition(addr, p)
		}
		for p, pos := range at {
			if old, ok := c.stands[addr][p]; !ok || string(old) != string(pos) {
				s.commit.Position(addr, p, pos)
			}
		}
	}
	return nil
}

// gatherState lets the transforms write what they keep, all lanes at once.
func (c *checkpoints) gatherState(top *topology, s *snapshot) error {
	var lanes sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for addr, l := range top.lanes {
		var kept plugins.StateStats // under mu
		var mine sync.WaitGroup
		for _, chain := range l.group.chains {
			t, ok := chain.transform(addr).(plugins.Stateful)
			if !ok {
				continue
			}
			write := func() error { return t.Snapshot(s.commit.Writer(addr)) }
			if p, ok := t.(*partitioned); ok {
				stage := top.graph.Stage(addr)
				write = func() error {
					return p.snapshot(func(part plugins.Partition) plugins.StateWriter { return s.legacy.writer(s.commit, stage, part) })
				}
			}
			mine.Go(func() {
				err := write()
				mu.Lock()
				defer mu.Unlock()
				if k, ok := t.(plugins.StateCounter); ok {
					n := k.StateStats()
					kept.Keys += n.Keys
					kept.Hot += n.Hot
				}
				if err != nil && failed == nil {
					failed = fmt.Errorf("%s: write its state: %w", addr, err)
				}
			})
		}
		lanes.Go(func() {
			mine.Wait()
			c.engine.counter(addr).kept.Store(&kept)
		})
	}
	lanes.Wait()
	return failed
}

// store writes to a commit what waits for the sink, or only what does not any
// more where nothing is left to others, and returns the number up to which its
// parcels are then stored.
func (a *sinkActor) store(commit *state.Commit, left *legacy) int64 {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	o := a.queue.outbox
	if o == nil {
		return 0
	}
	leave := func(from origin, r handoff.Row) {
		from.source = latterly(from.source, a.engine.current().graph)
		left.add(from, r)
	}
	var post func(int64, *plugins.Batch, origin)
	if left != nil && !mutant("no_outbox") {
		var buf []byte
		post = func(n int64, b *plugins.Batch, from origin) {
			buf = appendParcel(buf[:0], b, from.source)
			commit.Post(a.addr, n, buf)
			leave(from, handoff.Row{Kind: handoff.Post, Addr: a.addr, Number: n, Value: buf})
		}
	}
	return o.store(post, func(n int64, from origin) {
		commit.Settle(a.addr, n)
		leave(from, handoff.Row{Kind: handoff.Settle, Addr: a.addr, Number: n})
	})
}

// wait makes parcels wait for a checkpoint before they are written, or not.
func (a *sinkActor) wait(yes bool) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	if o := a.queue.outbox; o != nil {
		o.holds = yes
		a.queue.changed.Broadcast()
	}
}

// isOver reports whether a sink that a reload removed has ended.
func (a *sinkActor) isOver() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// stored notes that the parcels up to a number are in a checkpoint.
func (a *sinkActor) stored(number int64) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	if o := a.queue.outbox; o != nil {
		o.stable = max(o.stable, number)
		a.queue.changed.Broadcast()
	}
}
