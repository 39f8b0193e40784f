package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"

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
// nobody else can have stays as it is. With keep the store keeps its copy, for
// the case that they come back before anybody else has added something.
func (c *checkpoints) giveUp(ctx context.Context, a *sourceActor, ps []plugins.Partition, keep bool) error {
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
		if !keep {
			h.void.Store(true)
			c.forgetPart(commit, top.graph, h)
		}
	}
	if !commit.Empty() {
		err = c.write(ctx, commit, false)
	}
	for _, h := range gone {
		err = errors.Join(err, h.close(ctx))
	}
	return err
}

// part ends the custody of partitions whose source a reload has removed or
// replaced, once all that it brought is finished: the snapshot, which has the last
// of them, closes their logs. The pipeline stands still meanwhile.
func (c *checkpoints) part(top *topology, s *snapshot) error {
	running := c.engine.running()
	c.custodies = slices.DeleteFunc(c.custodies, func(h *custody) bool {
		if running[h.source] == h.actor || !h.actor.idle() {
			return false
		}
		s.parted = append(s.parted, h)
		return true
	})
	return eachShare(top, s.parted, func(t *partitioned, h *custody) error { t.close(h.part); return nil })
}

// closeParted closes the logs of partitions whose custody ended with a snapshot
// that is stored.
func (c *checkpoints) closeParted(ctx context.Context, s *snapshot) {
	for _, h := range s.parted {
		c.closeLog(ctx, h)
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
		stage, part, ok := strings.Cut(addr, "@")
		s := g.Stage(stage)
		if !ok || s == nil {
			continue
		}
		source := stage
		if s.Follows != "" {
			source = s.Follows
		}
		if had := c.had[source]; had != nil && !had[part] {
			commit.Forget(addr)
		}
	}
	if commit.Empty() {
		return nil
	}
	return commit.Write(c.engine.config.Now(), false)
}
