package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reader is a source of the records of a topic, or of those that match a pattern.
type reader struct {
	*connection
	connectors.Subscription
	env  plugins.Env
	from map[plugins.Partition]plugins.Position // of a checkpoint
	gone sync.Once                              // said that positions are of another process

	mu    sync.Mutex
	lanes map[plugins.Partition]*lane
}

var (
	_ plugins.Source  = (*reader)(nil)
	_ plugins.Seeker  = (*reader)(nil)
	_ plugins.Lagging = (*reader)(nil)
)

// Seek implements [plugins.Seeker].
func (r *reader) Seek(positions map[plugins.Partition]plugins.Position) error {
	for p, at := range positions {
		if _, _, err := decodePosition(at); err != nil {
			return fmt.Errorf("topic %s: %w; forget it with onstream state reset DIR %s", p.Name, err, r.env.Stage)
		}
	}
	r.from = positions
	return nil
}

// Lag implements [plugins.Lagging].
func (r *reader) Lag() (records int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes {
		_, end := l.log.bounds()
		records += end - l.at.Load()
	}
	return records, r.lanes != nil
}

// Run implements [plugins.Source].
func (r *reader) Run(ctx context.Context, out plugins.Outlet) error {
	r.mu.Lock()
	r.lanes = map[plugins.Partition]*lane{}
	r.mu.Unlock()
	within, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if r.Browse {
		return r.browse(within, fail, out)
	}
	m, err := r.bus.join(r.Subscription, r.limits)
	if err != nil {
		return err
	}
	defer func() { m.leave(r.env.Now()) }()
	defer r.stopAll()
	defer fail(nil)
	for {
		if err := r.follow(within, fail, m, out); err != nil {
			return err
		}
		select {
		case <-m.wake:
		case <-within.Done():
			return context.Cause(within)
		}
	}
}

// follow does what the group's plan asks of the reader.
func (r *reader) follow(ctx context.Context, fail context.CancelCauseFunc, m *member, out plugins.Outlet) error {
	revoked, assigned := m.change()
	if len(revoked) > 0 {
		for _, p := range revoked {
			r.stop(p)
		}
		if err := r.settle(ctx, revoked, out); err != nil {
			return err
		}
		m.release(revoked)
	}
	if len(assigned) == 0 {
		return nil
	}
	start, err := r.starts(ctx, assigned, out)
	if err != nil {
		return err
	}
	for _, a := range assigned {
		at, err := r.startOf(a, start[a.log.id])
		if err != nil {
			return err
		}
		l := &lane{reader: r, log: a.log, epoch: a.cursor.epoch, nacked: make(chan struct{}, 1)}
		l.at.Store(at)
		r.start(ctx, fail, l, out)
	}
	return nil
}

// settleTime is how long what was handed over may take to be finished when its partition is to be
// another member's.
const settleTime = 10 * time.Second

// settle waits until what was handed over of partitions is finished. What is not by then comes
// again, to the member that is given them.
func (r *reader) settle(ctx context.Context, ps []plugins.Partition, out plugins.Outlet) error {
	shared, ok := out.(plugins.Assignments)
	if !ok {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	err := shared.Revoking(limited, ps)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.env.Logger.Warn("partitions go to another member of the group before all of them is finished: what is not comes twice", "stage", r.env.Stage, "topic", string(r.Topic), "partitions", len(ps), "error", err)
	shared.Lost(ps)
	return nil
}

// starts tells the engine what was assigned, and returns the positions that it answers
// with. Where it is not asked, those of the checkpoint rule.
func (r *reader) starts(ctx context.Context, assigned []claimed, out plugins.Outlet) (map[plugins.Partition]plugins.Position, error) {
	shared, ok := out.(plugins.Assignments)
	if !ok {
		return r.from, nil
	}
	as := make([]plugins.Assignment, len(assigned))
	for i, a := range assigned {
		as[i] = plugins.Assignment{Partition: a.log.id, Generation: a.cursor.epoch}
		if a.cursor.committed {
			as[i].Committed, as[i].Owner = encodePosition(r.bus.id, a.cursor.at), a.cursor.owner
		}
	}
	return shared.Assigned(ctx, as)
}

// startOf returns the offset at which to begin a partition.
func (r *reader) startOf(a claimed, stored plugins.Position) (int64, error) {
	if stored == nil {
		return a.cursor.at, nil
	}
	bus, at, err := decodePosition(stored)
	if err != nil {
		return 0, fmt.Errorf("topic %s: %w", a.log.id.Name, err)
	}
	if bus != r.bus.id {
		r.gone.Do(func() {
			r.env.Logger.Warn("what was in the memory bus when the process ended is gone: the stage begins anew with what is there", "topic", string(r.Topic))
		})
		return a.cursor.at, nil
	}
	return at, a.log.place(r.Group, a.cursor.epoch, at)
}

// browse reads what is there and what comes, beside all groups.
func (r *reader) browse(ctx context.Context, fail context.CancelCauseFunc, out plugins.Outlet) error {
	defer r.stopAll()
	defer fail(nil)
	found := r.bus.matching(r.Topic)
	if len(found) == 0 && !r.Topic.Pattern() {
		return plugins.Permanent(fmt.Errorf("there is no topic %s, and to look at one makes none: correct its name, or write something to it first", r.Topic))
	}
	for _, p := range found {
		at, err := p.start(r.Subscription)
		if err != nil {
			return err
		}
		l := &lane{reader: r, log: p, nacked: make(chan struct{}, 1)}
		l.at.Store(at)
		r.start(ctx, fail, l, out)
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// matching returns the partitions of the topics that match.
func (b *bus) matching(topic connectors.Topic) []*partition {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*partition
	for _, t := range b.topics {
		if topic.Matches(t.name) {
			all = append(all, t.partitions...)
		}
	}
	return all
}

// start runs a lane until its partition is revoked or ctx ends.
func (r *reader) start(ctx context.Context, fail context.CancelCauseFunc, l *lane, out plugins.Outlet) {
	ctx, l.cancel = context.WithCancel(ctx)
	l.ended = make(chan struct{})
	r.mu.Lock()
	r.lanes[l.log.id] = l
	r.mu.Unlock()
	go func() {
		defer close(l.ended)
		if err := l.run(ctx, out); err != nil && ctx.Err() == nil {
			fail(err)
		}
	}()
}

// stop ends the lane of a partition: nothing more of it is handed over.
func (r *reader) stop(p plugins.Partition) {
	r.mu.Lock()
	l := r.lanes[p]
	delete(r.lanes, p)
	r.mu.Unlock()
	if l != nil {
		l.cancel()
		<-l.ended
	}
}

func (r *reader) stopAll() {
	r.mu.Lock()
	lanes := r.lanes
	r.lanes = nil
	r.mu.Unlock()
	for _, l := range lanes {
		l.cancel()
		<-l.ended
	}
}
