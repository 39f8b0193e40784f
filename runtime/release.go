package runtime

import (
	"context"
	"errors"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/state"
)

// forgetPart takes out of the store what it has of a partition.
func (c *checkpoints) forgetPart(commit *state.Commit, g *graph.Graph, h *custody) {
	for _, s := range followers(g, h.source) {
		commit.Forget(partAddr(s.Addr(), h.part))
	}
	commit.Forget(partAddr(h.source, h.part))
	commit.Unposition(h.source, h.part)
}

// giveUp ends the custody of partitions that are somebody else's now. What
// nobody else can have stays as it is.
func (c *checkpoints) giveUp(ctx context.Context, a *sourceActor, ps []plugins.Partition) error {
	if err := c.turn.await(ctx); err != nil {
		return err
	}
	defer c.turn.Unlock()
	gone := slices.DeleteFunc(slices.Clone(c.custodies), func(h *custody) bool {
		return h.actor != a || h.journal == nil || !slices.Contains(ps, h.part)
	})
	if len(gone) == 0 {
		return nil
	}
	top := c.engine.current()
	err := c.inLanes(ctx, top, gone, func(t *partitioned, h *custody) error { t.close(h.part); return nil })
	if err != nil { // they are still there
		return err
	}
	c.custodies = slices.DeleteFunc(c.custodies, func(h *custody) bool { return slices.Contains(gone, h) })
	commit := c.store.Begin()
	for _, h := range gone {
		h.void.Store(true)
		c.forgetPart(commit, top.graph, h)
	}
	if !commit.Empty() {
		err = c.write(ctx, commit, false)
	}
	for _, h := range gone {
		err = errors.Join(err, h.close(ctx))
	}
	return err
}

// giveBack takes a checkpoint that ends the custody of partitions, unless there is
// something of them again when the pipeline stands still, such as what a sink
// refused.
func (c *checkpoints) giveBack(ctx context.Context, leaving []*custody) error {
	for _, h := range leaving {
		if err := c.turn.await(ctx); err != nil {
			return err
		}
		top := c.engine.current()
		sinks := c.writers(top)
		c.turn.Unlock()
		for _, a := range sinks {
			if err := a.drain(ctx, h.origin(), top.graph); err != nil {
				return err
			}
		}
	}
	return whileBusy(ctx, func() error { return c.take(ctx, true) })
}

// finished returns the custodies that end with a snapshot: of partitions that are about to
// be somebody else's, or whose source a reload has removed or replaced, once all that is of
// them is finished. Sinks go on while the pipeline stands still, so this is asked before
// it is gathered what waits for them.
func (c *checkpoints) finished(top *topology) []*custody {
	running, sinks := c.engine.running(), c.writers(top)
	var over []*custody
	for _, h := range c.custodies {
		switch {
		case !h.leaving.Load():
			if running[h.source] == h.actor || !h.actor.idle() {
				continue
			}
		case slices.ContainsFunc(sinks, func(a *sinkActor) bool { return a.unanswered(h.origin(), top.graph) }):
			continue
		default:
			if t := h.actor.taskOf(h.part); t != nil && !t.idle() {
				continue
			}
		}
		over = append(over, h)
	}
	return over
}

// part ends the custodies whose last a snapshot has. The pipeline stands still
// meanwhile, so nothing comes of the partitions behind it.
func (c *checkpoints) part(top *topology, s *snapshot) error {
	c.custodies = slices.DeleteFunc(c.custodies, func(h *custody) bool { return slices.Contains(s.parted, h) })
	return eachShare(top, s.parted, func(t *partitioned, h *custody) error { t.close(h.part); return nil })
}

// closeParted closes the logs of partitions whose custody ended with a snapshot
// that is stored. The store keeps the copies of a source that stops, for the case
// that it gets the same partitions at the next start, before anybody else has added
// something. One that cannot be taken out is of no harm: it has a number, by which its
// log tells that it is of the past.
func (c *checkpoints) closeParted(ctx context.Context, s *snapshot) {
	commit := c.store.Begin()
	for _, h := range s.parted {
		if h.actor.ctx.Err() == nil {
			c.forgetPart(commit, c.engine.current().graph, h)
		}
	}
	if !commit.Empty() {
		if err := c.write(ctx, commit, false); err != nil {
			c.engine.config.Logger.Warn("what the stages kept of partitions that were given back is still stored here, where nothing uses it", "error", err)
		}
	}
	for _, h := range s.parted {
		c.closeLog(ctx, h)
		h.left.Store(true)
	}
	s.parted = nil
}

// forgetCopies takes out of the store, at the end, the copies of partitions that
// others had all the time: of what is in the logs.
func (c *checkpoints) forgetCopies() error {
	if c.store == nil || len(c.had) == 0 {
		return nil
	}
	g := c.engine.current().graph
	commit := c.store.Begin()
	for addr := range c.store.Stages() {
		stage, part, ok := readPartAddr(addr)
		s := g.Stage(stage)
		if !ok || s == nil {
			continue
		}
		source := stage
		if s.Follows != "" {
			source = s.Follows
		}
		if had := c.had[source]; had != nil && !had[partName(part)] {
			commit.Forget(addr)
		}
	}
	if commit.Empty() {
		return nil
	}
	return commit.Write(c.engine.config.Now(), false)
}
