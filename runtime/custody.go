package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/handoff"
)

// custody is a partition that is the process's for now, with the log in which
// what the stages keep of it is left to its next owner. It is used under
// checkpoints.turn.
type custody struct {
	actor   *sourceActor // whose partition it is
	source  string       // address of that
	part    plugins.Partition
	journal *handoff.Journal  // nil where it stays in this process
	number  int64             // of the last commit that the log has
	whole   bool              // the next commit is to have all that there is
	keeps   map[string]string // as the log has it, see keeps
	// settled are parcels, by sink, of a former owner that have been given a
	// number of this one's.
	settled []handoff.Row
	// void says that it is somebody else's now. It may be set at any time.
	void atomic.Bool
	// leaving says that it is about to be somebody else's: its timers rest. The
	// next checkpoint that finds nothing of it unfinished ends the custody.
	leaving atomic.Bool
	// left says that this checkpoint is stored.
	left atomic.Bool
}

// origin is where the parcels of the partition are from.
func (h *custody) origin() origin { return origin{h.source, h.part} }

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

// keeps returns, of the claims of a graph, those that the next owner of a source's
// partitions has to agree with.
func keeps(g *graph.Graph, source string, claims map[string]string) map[string]string {
	kept := map[string]string{}
	for _, s := range g.Stages {
		if addr := s.Addr(); addr == source || s.Follows == source || s.Role == graph.Sink {
			kept[addr] = claims[addr]
		}
	}
	return kept
}

// immovable returns a stage that keeps something of what a source brings and
// cannot hand it over, nil where all can.
func (e *Engine) immovable(g *graph.Graph, source string) *graph.Stage {
	for _, s := range g.Stages {
		if s.Description(e.config.Registry).State == "" || s.Follows == source {
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

// arrival is a partition that becomes this process's.
type arrival struct {
	*custody
	plugins.Assignment
	foreign bool             // somebody else has read it last
	at      plugins.Position // where to resume it, nil where nobody knows
}

// takeCustody makes partitions this process's, and returns where they are to be
// resumed. Own is where this process's own checkpoint, or its source so far, stands.
func (c *checkpoints) takeCustody(ctx context.Context, a *sourceActor, as []plugins.Assignment, own map[plugins.Partition]plugins.Position) ([]*arrival, error) {
	arrivals := make([]*arrival, len(as))
	for i, x := range as {
		foreign := x.Owner != "" && x.Owner != c.owner
		arrivals[i] = &arrival{&custody{actor: a, source: a.stage.Addr(), part: x.Partition}, x, foreign, own[x.Partition]}
		if foreign || own[x.Partition] == nil {
			arrivals[i].at = x.Committed
		}
	}
	e := c.engine
	g := e.current().graph
	if !e.keepsState(g) || !c.durable {
		return arrivals, nil
	}
	logs, fixed, err := e.logsFor(g, a.stage)
	switch {
	case err != nil:
		return nil, err
	case fixed == "":
		err = c.openJournals(ctx, logs, a.stage, arrivals)
	default:
		for _, x := range arrivals {
			if x.foreign {
				return nil, plugins.Permanent(fmt.Errorf("partition %s was read by another process since, and what the stages keep of it stayed there: run one process (%s)", x.part, fixed))
			}
		}
	}
	if err == nil {
		err = c.settleIn(ctx, a.stage, arrivals)
	}
	if err != nil {
		for _, x := range arrivals {
			err = errors.Join(err, x.close(ctx))
		}
		return nil, err
	}
	return arrivals, nil
}

// close closes the log of a partition, if it has one.
func (h *custody) close(ctx context.Context) error {
	if h.journal == nil {
		return nil
	}
	return h.journal.Close(ctx)
}

// openJournals claims partitions in their logs, again and again until it can.
func (c *checkpoints) openJournals(ctx context.Context, logs plugins.StateLogs, s *graph.Stage, arrivals []*arrival) error {
	g := c.engine.current().graph
	kept := keeps(g, s.Addr(), g.Claims(c.engine.config.Registry))
	return c.logReading(s).do(ctx, func() error {
		return sideBySide(arrivals, func(x *arrival) error {
			if x.journal != nil { // by an earlier attempt
				return nil
			}
			claim := handoff.Claim{Owner: c.owner, Generation: x.Generation, Anew: x.Owner == "", Keeps: kept}
			if mutant("no_fence") {
				claim.Generation, claim.Owner = 0, "anybody"
			}
			log, err := logs.StateLog(ctx, logName(c.name, s), x.part)
			if err == nil {
				x.journal, err = handoff.Open(ctx, log, claim)
			}
			if err != nil {
				return fmt.Errorf("claim what the stages keep of partition %s: %w", x.part, err)
			}
			x.keeps = kept
			return nil
		})
	})
}

// logReading is how it is tried again to read the logs of a source's partitions.
func (c *checkpoints) logReading(s *graph.Stage) retry {
	return retry{10 * time.Millisecond, 5 * time.Second, func(err error) {
		c.engine.config.Logger.Warn("what the stages keep of partitions cannot be read yet; it is tried again", "stage", s.Addr(), "error", err)
	}}
}

// laneOfPart returns the lane, of n, that owns a partition.
func laneOfPart(p plugins.Partition, n int) int {
	h := uint32(2166136261) // FNV-1a
	for i := range len(p.Name) {
		h = (h ^ uint32(p.Name[i])) * 16777619
	}
	return int((h + uint32(p.ID)) % uint32(n))
}

// openShares opens the partitions that are the process's in a lane of a stage
// that a reload has made anew.
func (c *checkpoints) openShares(s *graph.Stage, lane, lanes int, t *partitioned) error {
	for _, h := range c.custodies {
		if h.source == s.Follows && laneOfPart(h.part, lanes) == lane {
			if err := t.open(h); err != nil {
				return err
			}
		}
	}
	return nil
}
