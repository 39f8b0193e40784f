package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// settleIn makes the store agree with the logs of partitions, again and again
// until they can be read, and opens them in the stages.
func (c *checkpoints) settleIn(ctx context.Context, s *graph.Stage, arrivals []*arrival) error {
	return c.logReading(s).do(ctx, func() error {
		if err := c.turn.await(ctx); err != nil {
			return err
		}
		defer c.turn.Unlock()
		if err := c.saveFailed(ctx); err != nil {
			return plugins.Permanent(err)
		}
		top := c.engine.current()
		if err := c.agree(ctx, top, arrivals); err != nil {
			return err
		}
		return plugins.Permanent(c.receive(ctx, top, arrivals))
	})
}

// receive opens partitions in the stages, as the store has them.
func (c *checkpoints) receive(ctx context.Context, top *topology, arrivals []*arrival) error {
	custodies := make([]*custody, len(arrivals))
	for i, x := range arrivals {
		custodies[i] = x.custody
	}
	err := c.inLanes(ctx, top, custodies, func(t *partitioned, h *custody) error {
		if h.journal != nil {
			t.close(h.part) // what it has beside is done again
		}
		return t.open(h)
	})
	if err != nil {
		return err
	}
	for _, h := range custodies {
		c.replace(ctx, h)
	}
	return nil
}

// replace makes a custody that of its partition, instead of a former one.
func (c *checkpoints) replace(ctx context.Context, h *custody) {
	c.custodies = append(slices.DeleteFunc(c.custodies, func(old *custody) bool {
		if old.source != h.source || old.part != h.part {
			return false
		}
		c.closeLog(ctx, old)
		return true
	}), h)
	if h.journal == nil {
		return
	}
	if c.had[h.source] == nil {
		c.had[h.source] = map[string]bool{}
	}
	c.had[h.source][partName(h.part)] = true
}

// closeLog closes the log of a partition that is not needed any more.
func (c *checkpoints) closeLog(ctx context.Context, h *custody) {
	if err := h.close(ctx); err != nil {
		c.engine.config.Logger.Warn("a log of what the stages keep was not closed in order", "partition", h.part.String(), "error", err)
	}
}

// inLanes calls f with the instances of the stages that follow partitions, which
// are in one lane of each, while the pipeline stands still. Unlike a checkpoint it
// cannot be put off: it waits for a stage that is busy.
func (c *checkpoints) inLanes(ctx context.Context, top *topology, custodies []*custody, f func(*partitioned, *custody) error) error {
	e := c.engine
	if err := whileBusy(ctx, func() error { return e.standStill(ctx, top) }); err != nil {
		return err
	}
	defer e.goOn(top)
	return eachShare(top, custodies, f)
}

// whileBusy does what cannot be put off again and again while a stage is busy.
func whileBusy(ctx context.Context, do func() error) error {
	for {
		if err := do(); !errors.Is(err, errBusy) || ctx.Err() != nil {
			return err
		}
	}
}

// eachShare calls f with the instances of the stages that follow partitions. The
// pipeline stands still meanwhile.
func eachShare(top *topology, custodies []*custody, f func(*partitioned, *custody) error) error {
	for _, h := range custodies {
		for _, s := range followers(top.graph, h.source) {
			l := top.lanes[s.Addr()]
			lane := laneOfPart(h.part, len(l.queues))
			t, ok := l.group.chains[lane].transform(s.Addr()).(*partitioned)
			if !ok {
				continue
			}
			if err := f(t, h); err != nil {
				return fmt.Errorf("%s: %w", s.Addr(), err)
			}
			l.queues[lane].wake() // it may want to be called
		}
	}
	return nil
}
