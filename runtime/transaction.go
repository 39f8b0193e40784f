package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
)

// ErrAgain is among the errors of [Engine.Run] after which the pipeline can be run
// again at once, from its last checkpoint: a transaction was given up, and what
// was in it is to be done anew.
var ErrAgain = errors.New("the pipeline goes on from its last checkpoint")

// transactional returns the sink whose transactions end with checkpoints, nil for
// none. It is the only one of its kind: two could not be committed in one step,
// so each of several commits by itself.
func (e *Engine) transactional(g *graph.Graph) *graph.Stage {
	if !e.state.durable {
		return nil
	}
	var found *graph.Stage
	for _, s := range g.Stages {
		kind, _ := s.SinkKind(e.config.Registry)
		if s.Role != graph.Sink || kind.Capabilities == nil || !kind.Capabilities(s.Config).Transactions {
			continue
		}
		if found != nil {
			return nil
		}
		found = s
	}
	return found
}

// ending is the transaction of a sink that ends with a checkpoint.
type ending struct {
	actor *sinkActor
	sink  plugins.Transactional
}

// hold keeps a transactional sink from writing anything more, when all that it
// was given is written, and what it refused is where that goes. It ends with handBack.
func (c *checkpoints) hold(ctx context.Context, top *topology) (*ending, error) {
	s := c.engine.transactional(top.graph)
	if s == nil {
		return nil, nil
	}
	a := top.sinks[s.Addr()]
	if err := c.finishWrites(ctx, a); err != nil {
		return nil, err
	}
	sink, ok := a.sink.(plugins.Transactional)
	if !ok {
		a.handBack()
		return nil, fmt.Errorf("%s: its kind says that it has transactions, and it has none: that is a mistake in it", a.addr)
	}
	return &ending{a, sink}, nil
}

// finishWrites acquires a sink, and waits until the stages have finished what it refused.
func (c *checkpoints) finishWrites(ctx context.Context, a *sinkActor) error {
	v := c.engine.valve
	v.await(a)
	defer v.await(nil)
	if err := a.acquire(ctx); err != nil {
		return err
	}
	err := v.quiet(ctx)
	if err != nil {
		a.handBack()
	}
	return err
}

// acquire makes the caller the owner of the actor when nothing waits for the sink
// and all is answered.
func (a *sinkActor) acquire(ctx context.Context) error {
	q := a.queue
	defer wakeWith(ctx, &q.changed)()
	q.mu.Lock()
	defer q.mu.Unlock()
	a.acquiring++
	defer func() { a.acquiring-- }()
	for {
		switch {
		case q.broken != nil:
			return q.broken
		case a.isOver():
			if a.begun {
				return fmt.Errorf("%s: it has ended, and its last transaction was not committed", a.addr)
			}
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !a.busy && !a.hasWork() && len(q.parcels) == 0 && len(a.outstanding) == 0:
			a.busy = true
			return nil
		}
		q.changed.Wait()
	}
}

// begin begins a transaction with the first write after a checkpoint.
func (a *sinkActor) begin() error {
	a.queue.mu.Lock()
	managed := a.managed
	a.queue.mu.Unlock()
	if !managed || a.begun {
		return nil
	}
	sink, ok := a.sink.(plugins.Transactional)
	if !ok {
		return nil // checkpoints.hold tells
	}
	if err := sink.Begin(a.ctx); err != nil {
		return err
	}
	a.begun = true
	return nil
}

// manage says whether the transactions of the sink end with checkpoints.
func (a *sinkActor) manage(yes bool) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	a.managed = yes
}

// mark names a checkpoint in a transaction.
func (c *checkpoints) mark(number int64) string { return fmt.Sprintf("%s/%d", c.owner, number) }

// end makes a snapshot count together with the transaction: it is stored aside,
// the transaction is committed, and then it counts. Whatever happens in between,
// the mark of the transaction tells the next run which of them it was.
func (c *checkpoints) end(ctx context.Context, s *snapshot) error {
	x := s.ending
	if x == nil || x.actor.isOver() || !x.actor.begun {
		return nil
	}
	if !mutant("no_prepare") {
		err := c.insist(ctx, func() error { return s.commit.Prepare(c.engine.config.Now()) })
		if err != nil {
			return err
		}
	}
	faultpoint("after_prepare")
	mark := c.mark(c.store.Last().Number + 1)
	err := x.sink.Commit(ctx, mark, c.ownPositions(x.actor.stage, s))
	if err != nil {
		c.engine.config.Logger.Warn("a transaction may not be committed; its sink is asked", "stage", x.actor.addr, "error", err)
		if err := c.find(ctx, x, mark, err); err != nil {
			return err
		}
	}
	faultpoint("after_transaction")
	x.actor.begun = false
	return nil
}

// letGo lets a transactional sink go on after a checkpoint. One that could not be
// stored is not tried again: what was written since belongs to no other, and the
// pipeline starts again from the last one that was.
func (c *checkpoints) letGo(s *snapshot, err error) {
	if s.ending == nil {
		return
	}
	if err != nil {
		c.failed = nil
		c.engine.fail(err)
	}
	s.ending.actor.handBack()
	s.ending = nil
}

// find asks whether a transaction of which that is not known was committed.
func (c *checkpoints) find(ctx context.Context, x *ending, mark string, why error) error {
	var found string
	err := retry{first: 10 * time.Millisecond, most: time.Second}.do(ctx, func() (err error) {
		if err = x.sink.Abort(ctx); err == nil {
			found, err = x.sink.Committed(ctx)
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("%s: it is not known whether the last transaction was committed: %w", x.actor.addr, err)
	case found == mark:
		return nil
	}
	if err := c.store.GiveUpPrepared(); err != nil {
		return err
	}
	return fmt.Errorf("%s: a transaction was given up (%w): %w", x.actor.addr, why, ErrAgain)
}

// ownPositions returns the positions of the sources that work over the connection
// of a sink, as far as their partitions are this process's, and whoever takes them over
// finds something of what the stages keep.
func (c *checkpoints) ownPositions(sink *graph.Stage, s *snapshot) map[string]map[plugins.Partition]plugins.Position {
	own := map[string]map[plugins.Partition]plugins.Position{}
	for addr, a := range c.engine.running() {
		if a.stage.Via != sink.Via || sink.Via == "" {
			continue
		}
		at := maps.Clone(s.stands[addr])
		maps.DeleteFunc(at, func(p plugins.Partition, _ plugins.Position) bool {
			return strings.HasPrefix(p.Name, spool.ReplayPrefix) || !a.owns(p) || !a.bequeathed(p)
		})
		own[addr] = at
	}
	return own
}

// takeUntil takes the checkpoint with which the last transaction of a sink ends,
// before that is closed.
func (c *checkpoints) takeUntil(a *sinkActor) {
	e := c.engine
	if err := whileBusy(e.work, func() error { return c.take(e.work, true) }); err != nil && e.work.Err() == nil {
		e.fail(err)
	}
}

// resolve decides about a checkpoint that was prepared when the last run ended:
// it counts if its transaction was committed.
func (e *Engine) resolve(ctx context.Context, g *graph.Graph) error {
	if e.state.store == nil {
		return nil
	}
	number, ok := e.state.store.Prepared()
	if !ok {
		return nil
	}
	s := e.transactional(g)
	if s == nil {
		return fmt.Errorf("checkpoint %d waits for its transaction, and the pipeline has no sink any more that can tell whether it was committed: run the former pipeline until it has gone on, or forget all that is stored and begin anew: onstream state reset --all %s",
			number, e.state.store.Path())
	}
	sink, err := e.newSink(s, false)
	if err != nil {
		return err
	}
	defer closeAll(context.WithoutCancel(ctx), map[string]plugins.Sink{s.Addr(): sink})
	x, ok := sink.(plugins.Transactional)
	if !ok {
		return fmt.Errorf("%s: its kind says that it has transactions, and it has none: that is a mistake in it", s.Addr())
	}
	var mark string
	asking := retry{100 * time.Millisecond, 10 * time.Second, func(err error) {
		e.config.Logger.Warn("a checkpoint waits until its sink can tell whether the last transaction was committed", "stage", s.Addr(), "error", err)
	}}
	err = asking.do(ctx, func() (err error) {
		mark, err = x.Committed(ctx)
		return err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%s: %w", s.Addr(), err)
	}
	count := mark == e.state.mark(number)
	e.config.Logger.Info("a checkpoint waited for its transaction", "stage", s.Addr(), "number", number, "committed", count)
	return e.state.store.Resolve(count)
}
