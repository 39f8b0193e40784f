package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/handoff"
	"github.com/onstream/onstream/runtime/state"
)

// custody is a partition that is the process's for now, with the log in which
// what the stages keep of it is left to its next owner. It is used under
// checkpoints.turn.
type custody struct {
	source  string // address
	part    plugins.Partition
	journal *handoff.Journal // nil where it stays in this process
	number  int64            // of the last commit that the log has
	whole   bool             // the next commit is to have all that there is
	// settled are parcels, by sink, of a former owner that have been given a
	// number of this one's.
	settled []handoff.Row
	void    bool // it is somebody else's now
}

// partName names a partition in addresses and messages.
func partName(p plugins.Partition) string { return fmt.Sprintf("%s/%d", p.Name, p.ID) }

// followers returns the stages that keep what they keep by the partitions of a
// source.
func followers(g *graph.Graph, source string) []*graph.Stage {
	var all []*graph.Stage
	for _, s := range g.Stages {
		if s.Follows == source {
			all = append(all, s)
		}
	}
	return all
}

// immovable returns a stage that keeps something of what a source brings and
// cannot hand it over, nil where all can.
func (e *Engine) immovable(g *graph.Graph, source string) *graph.Stage {
	for _, s := range g.Stages {
		k, _ := e.config.Registry.Transform(s.Kind)
		if s.Role != graph.Transform || k.State == nil || s.Follows == source {
			continue
		}
		if slices.ContainsFunc(g.Upstream(s), func(u *graph.Stage) bool { return u.Addr() == source }) {
			return s
		}
	}
	return nil
}

// stays reports whether what the stages keep of a source's partitions stays in this
// process when they go.
func (c *checkpoints) stays(source string) bool {
	e := c.engine
	g := e.current().graph
	s := g.Stage(source)
	if s == nil || !e.keepsState(g) {
		return false
	}
	_, fixed, err := e.logsFor(g, s)
	return !c.durable || fixed != "" || err != nil
}

// takeCustody makes a partition this process's, and returns where it is to be resumed:
// nil where nobody knows. Own is where this process's own checkpoint, or its
// source so far, stands.
func (c *checkpoints) takeCustody(ctx context.Context, a *sourceActor, x plugins.Assignment, own plugins.Position) (plugins.Position, error) {
	e := c.engine
	g := e.current().graph
	foreign := x.Owner != "" && x.Owner != c.owner
	if !e.keepsState(g) || !c.durable {
		if foreign || own == nil {
			return x.Committed, nil
		}
		return own, nil
	}
	h := &custody{source: a.stage.Addr(), part: x.Partition}
	if foreign || own == nil {
		own = x.Committed
	}
	logs, fixed, err := e.logsFor(g, a.stage)
	switch {
	case err != nil:
		return nil, err
	case fixed != "" && foreign:
		return nil, plugins.Permanent(fmt.Errorf("partition %s was read by another process since, and what the stages keep of it stayed there: run one process (%s)", partName(x.Partition), fixed))
	case fixed == "":
		if h.journal, err = c.openJournal(ctx, logs, a.stage, x); err != nil {
			return nil, fmt.Errorf("read what the stages keep of partition %s: %w", partName(x.Partition), err)
		}
		h.number = h.journal.Standing().Number
	}
	at, err := c.settleIn(ctx, h, own, foreign)
	if err != nil {
		return nil, errors.Join(err, h.close(ctx))
	}
	return at, nil
}

// logsFor returns where what the stages keep of a source's partitions is left to
// others, or why it stays in one process.
func (e *Engine) logsFor(g *graph.Graph, source *graph.Stage) (logs plugins.StateLogs, fixed string, err error) {
	if s := e.immovable(g, source.Addr()); s != nil {
		return nil, fmt.Sprintf("what %s keeps goes with its partitions where %s and all that keep something of it have the same key", s.Addr(), source.Addr()), nil
	}
	via, err := e.via.of(source)
	if err != nil {
		return nil, "", err
	}
	logs, ok := via.(plugins.StateLogs)
	if !ok {
		return nil, fmt.Sprintf("connector.%s keeps nothing for others", source.Via), nil
	}
	return logs, "", nil
}

// close closes the log of a partition, if it has one.
func (h *custody) close(ctx context.Context) error {
	if h.journal == nil {
		return nil
	}
	return h.journal.Close(ctx)
}

// openJournal claims a partition in its log, again and again until it can.
func (c *checkpoints) openJournal(ctx context.Context, logs plugins.StateLogs, s *graph.Stage, x plugins.Assignment) (*handoff.Journal, error) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		log, err := logs.StateLog(ctx, c.name+"."+s.Name, x.Partition)
		var j *handoff.Journal
		generation, owner := x.Generation, c.owner
		if mutant("no_fence") {
			generation, owner = 0, "anybody"
		}
		if err == nil {
			j, err = handoff.Open(ctx, log, generation, owner)
		}
		if err == nil || plugins.IsPermanent(err) || ctx.Err() != nil {
			return j, err
		}
		if wait == 10*time.Millisecond {
			c.engine.config.Logger.Warn("what the stages keep of a partition cannot be read yet; it is tried again", "stage", s.Addr(), "partition", partName(x.Partition), "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// settleIn makes the store agree with the log of a partition, and opens it in
// the stages.
func (c *checkpoints) settleIn(ctx context.Context, h *custody, own plugins.Position, foreign bool) (plugins.Position, error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	e := c.engine
	if err := c.saveFailed(ctx); err != nil {
		return nil, err
	}
	top := e.current()
	own, err := c.agree(ctx, top, h, own, foreign)
	if err != nil {
		return nil, err
	}
	if err := c.inLanes(ctx, top, h, func(t *partitioned) error { return t.open(h.part) }); err != nil {
		return nil, err
	}
	c.custodies = slices.DeleteFunc(c.custodies, func(old *custody) bool {
		if old.source != h.source || old.part != h.part {
			return false
		}
		if err := old.close(ctx); err != nil {
			e.config.Logger.Warn("a log of what the stages keep was not closed in order", "partition", partName(h.part), "error", err)
		}
		return true
	})
	c.custodies = append(c.custodies, h)
	return own, nil
}

// inLanes calls f with the instances of the stages that follow a partition, which
// are in one lane of each, while the pipeline stands still. Unlike a checkpoint it
// cannot be put off: it waits for a stage that is busy.
func (c *checkpoints) inLanes(ctx context.Context, top *topology, h *custody, f func(*partitioned) error) error {
	e := c.engine
	err := e.standStill(ctx, top)
	for errors.Is(err, errBusy) && ctx.Err() == nil {
		err = e.standStill(ctx, top)
	}
	if err != nil {
		return err
	}
	defer e.goOn(top)
	for _, s := range followers(top.graph, h.source) {
		l := top.lanes[s.Addr()]
		lane := laneOfPart(h.part, len(l.queues))
		t, ok := l.group.chains[lane].transform(s.Addr()).(*partitioned)
		if !ok {
			continue
		}
		if err := f(t); err != nil {
			return fmt.Errorf("%s: %w", s.Addr(), err)
		}
		l.queues[lane].wake() // it may want to be called
	}
	return nil
}

// laneOfPart returns the lane, of n, that owns a partition.
func laneOfPart(p plugins.Partition, n int) int {
	h := uint32(2166136261) // FNV-1a
	for i := range len(p.Name) {
		h = (h ^ uint32(p.Name[i])) * 16777619
	}
	return int((h + uint32(p.ID)) % uint32(n))
}

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
func (c *checkpoints) giveUp(ctx context.Context, source string, ps []plugins.Partition) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	var errs []error
	c.custodies = slices.DeleteFunc(c.custodies, func(h *custody) bool {
		if h.source != source || h.journal == nil || !slices.Contains(ps, h.part) {
			return false
		}
		errs = append(errs, c.release(ctx, h))
		return true
	})
	return errors.Join(errs...)
}

func (c *checkpoints) release(ctx context.Context, h *custody) error {
	h.void = true
	top := c.engine.current()
	err := c.inLanes(ctx, top, h, func(t *partitioned) error { t.close(h.part); return nil })
	if err == nil {
		commit := c.store.Begin()
		c.forgetPart(commit, top.graph, h)
		err = commit.Write(c.engine.config.Now(), false)
	}
	return errors.Join(err, h.close(ctx))
}

// openShares opens the partitions that are the process's in a lane of a stage
// that a reload has made anew.
func (c *checkpoints) openShares(s *graph.Stage, lane, lanes int, t *partitioned) error {
	for _, h := range c.custodies {
		if h.source == s.Follows && laneOfPart(h.part, lanes) == lane {
			if err := t.open(h.part); err != nil {
				return err
			}
		}
	}
	return nil
}

// isPartAddr reports whether something is stored at an address for one
// partition of a stage.
func isPartAddr(addr string) bool { return strings.Contains(addr, "@") }
