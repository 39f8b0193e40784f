package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

var (
	errLost    = errors.New("the partition belongs to another member of the group now")
	errRevoked = errors.New("the partition was given to another member of the group")
)

var _ plugins.Assignments = (*sourceActor)(nil)

// Assigned implements [plugins.Assignments]. Where the pipeline's own
// checkpoint has a position, that rules, unless somebody else has gone on with
// the partition since: then what is stored here is of the past.
func (a *sourceActor) Assigned(ctx context.Context, as []plugins.Assignment) (map[plugins.Partition]plugins.Position, error) {
	own := map[plugins.Partition]plugins.Position{}
	for _, x := range as {
		at, err := a.known(x.Partition)
		if err != nil {
			return nil, err
		}
		own[x.Partition] = at
	}
	arrivals, err := a.engine.state.takeCustody(ctx, a, as, own)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	start := map[plugins.Partition]plugins.Position{}
	for _, x := range arrivals {
		a.resumeAt(x, own[x.part])
		if x.at != nil {
			start[x.part] = x.at
		}
	}
	return start, nil
}

// known returns where this process stands with a partition, and counts on it
// from now on.
func (a *sourceActor) known(p plugins.Partition) (plugins.Position, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed != nil {
		return nil, a.closed
	}
	delete(a.gone, p)
	delete(a.over, p)
	if t := a.tasks[p]; t != nil {
		t.reopen()
		if at, _ := t.position(true); at != nil {
			return at, nil
		}
	}
	return a.resume[p], nil
}

// resumeAt notes where a partition is resumed, which this process knew to be at own.
func (a *sourceActor) resumeAt(x *arrival, own plugins.Position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.assigned[x.part] = x.custody
	if string(x.at) != string(own) {
		delete(a.tasks, x.part) // somebody else has gone on
	}
	if x.at != nil {
		a.resume[x.part] = x.at
	}
}

// Revoking implements [plugins.Assignments].
func (a *sourceActor) Revoking(ctx context.Context, ps []plugins.Partition) error {
	leaving := a.leave(ps)
	for {
		for _, p := range ps {
			if t := a.taskOf(p); t != nil {
				if err := t.drain(ctx); err != nil {
					return err
				}
			}
		}
		if a.engine.state.durable {
			if err := a.engine.state.giveBack(ctx, leaving); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(leaving, func(h *custody) bool { return !h.left.Load() }) {
			a.forget(ps, errRevoked)
			a.tellLeft(leaving)
			return nil
		}
	}
}

// tellLeft says which partitions have been given to other members, with what the stages
// keep of them. A source that stops says nothing: it keeps none.
func (a *sourceActor) tellLeft(leaving []*custody) {
	if len(leaving) == 0 || a.ctx.Err() != nil {
		return
	}
	names := make([]string, len(leaving))
	for i, h := range leaving {
		names[i] = h.part.String()
	}
	a.engine.config.Logger.Info("gave partitions with what the stages keep of them to other members of the group", "stage", a.stage.Addr(), "partitions", strings.Join(names, ", "))
}

// leave lets the timers of partitions rest that are about to be somebody else's,
// and returns those of which something is left to the next owner.
func (a *sourceActor) leave(ps []plugins.Partition) []*custody {
	a.mu.Lock()
	defer a.mu.Unlock()
	var leaving []*custody
	for _, p := range ps {
		if h := a.assigned[p]; h != nil && h.journal != nil {
			h.leaving.Store(true)
			leaving = append(leaving, h)
		}
	}
	return leaving
}

// Lost implements [plugins.Assignments].
func (a *sourceActor) Lost(ps []plugins.Partition) {
	for _, p := range ps {
		a.disown(p)
	}
	if err := a.engine.state.giveUp(a.ctx, a, ps); err != nil && a.ctx.Err() == nil {
		a.engine.fail(fmt.Errorf("%s: give up lost partitions: %w", a.stage.Addr(), err))
	}
	a.forget(ps, errLost)
}

// disown keeps what was handed over of a partition from being acknowledged, and
// from being left to anybody.
func (a *sourceActor) disown(p plugins.Partition) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.tasks[p]; t != nil {
		t.disown(errLost)
	}
	if h := a.assigned[p]; h != nil {
		h.void.Store(true)
	}
}

func (a *sourceActor) taskOf(p plugins.Partition) *task {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tasks[p]
}

// forget gives up what is known of partitions: it is of the past when they come
// back. Where what the stages keep stays, so does the task, with the position that belongs to
// it: if nobody else had the partition meanwhile, it goes on from there, behind what is in flight.
func (a *sourceActor) forget(ps []plugins.Partition, why error) {
	stays := a.engine.state.stays(a.stage.Addr()) && !mutant("position_forgotten")
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range ps {
		if t := a.tasks[p]; t != nil {
			t.close(why)
		}
		delete(a.assigned, p)
		delete(a.over, p)
		delete(a.broken, p)
		if !stays {
			delete(a.tasks, p)
			delete(a.resume, p)
			a.gone[p] = true
		}
	}
}

// owns reports whether a partition is this process's: one that was assigned, or any
// of a source that shares none.
func (a *sourceActor) owns(p plugins.Partition) bool {
	kind, _ := a.stage.SourceKind(a.engine.config.Registry)
	if kind.Capabilities == nil || !kind.Capabilities(a.stage.Config).Shares {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.assigned[p] != nil
}

// bequeathed reports whether the next owner of a partition finds a commit in its log, or
// looks for none. It is called under checkpoints.turn.
func (a *sourceActor) bequeathed(p plugins.Partition) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.assigned[p]
	return h == nil || h.journal == nil || h.number > 0
}

// takeGone returns, once, the partitions whose positions are not to be stored
// any more.
func (a *sourceActor) takeGone() []plugins.Partition {
	a.mu.Lock()
	defer a.mu.Unlock()
	gone := slices.Collect(maps.Keys(a.gone))
	clear(a.gone)
	return gone
}

// tell notes how much of the source's records is in flight, and how much waits.
func (a *sourceActor) tell(s *StageStats) {
	a.mu.Lock()
	for _, t := range a.tasks {
		s.InFlight += t.load()
	}
	a.mu.Unlock()
	if l, ok := a.source.(plugins.Lagging); ok {
		if n, known := l.Lag(); known {
			s.Lag = &n
		}
	}
}
