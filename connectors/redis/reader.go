package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reader is a source of the records of a topic: of those of its streams that are its own in the
// group.
type reader struct {
	*connection
	sub   connectors.Subscription
	env   plugins.Env
	base  string
	parts []plugins.Partition
	from  map[plugins.Partition]plugins.Position // of a checkpoint

	mu    sync.Mutex
	lanes map[int]*lane
}

var (
	_ plugins.Source = (*reader)(nil)
	_ plugins.Seeker = (*reader)(nil)
)

// Seek implements [plugins.Seeker].
func (r *reader) Seek(positions map[plugins.Partition]plugins.Position) error {
	for p, at := range positions {
		if _, err := decodePosition(at); err != nil {
			return fmt.Errorf("topic %s: %w; forget it with onstream state reset DIR %s", p.Name, err, r.env.Stage)
		}
		if p.Name == r.base && int(p.ID) >= len(r.parts) {
			return fmt.Errorf("topic %s: there is a position of partition %d, and the connector says partitions = %d: the records of a key have moved, so that their order is not known; write the number that it was", p.Name, p.ID, len(r.parts))
		}
	}
	r.from = positions
	return nil
}

func (r *reader) stream(partition int) string { return streamOf(r.base, partition, len(r.parts)) }

// Run implements [plugins.Source].
func (r *reader) Run(ctx context.Context, out plugins.Outlet) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	r.lanes = map[int]*lane{}
	r.mu.Unlock()
	within, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if r.sub.Browse {
		return r.browse(within, fail, out)
	}
	m := newMember(r)
	alive, leave := context.WithCancel(context.WithoutCancel(ctx))
	go m.run(alive)
	err := r.follow(within, fail, m, out)
	fail(nil)
	r.finish(leave, m)
	return err
}

// prepare sees that the topic can be read, and that the group stands somewhere in each of its
// streams. It waits for the server.
func (r *reader) prepare(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := r.startUp(ctx, true)
		if err == nil {
			err = r.checkPartitions(ctx, r.base, maxPartitions)
		}
		for p := range r.parts {
			if err == nil && !r.sub.Browse {
				err = r.joinStream(ctx, p)
			}
		}
		if err == nil || plugins.IsPermanent(err) {
			return err
		}
		if err := r.env.Wait(ctx, r.options.backoff.Before(attempt)); err != nil {
			return err
		}
	}
}

// follow does what the group's table asks of the reader.
func (r *reader) follow(ctx context.Context, fail context.CancelCauseFunc, m *member, out plugins.Outlet) error {
	for {
		held, quota, err := m.news()
		if err != nil {
			return err
		}
		r.dropLost(held, out)
		var arrived []lease
		for p, l := range held {
			if r.lanes[p] == nil {
				arrived = append(arrived, l)
			}
		}
		slices.SortFunc(arrived, func(a, b lease) int { return a.partition - b.partition })
		if len(arrived) > 0 {
			if err := r.take(ctx, fail, m, arrived, out); err != nil {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if plugins.IsPermanent(err) || !isTemporary(err) {
					return err
				}
				if err := r.env.Wait(ctx, r.options.backoff.Before(3)); err != nil {
					return context.Cause(ctx)
				}
				continue
			}
		}
		if surplus := len(r.lanes) - quota; surplus > 0 && len(held) > 0 {
			if err := r.release(ctx, m, surplus, out); err != nil {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return err
			}
		}
		select {
		case <-m.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// dropLost stops reading what is somebody else's meanwhile.
func (r *reader) dropLost(held map[int]lease, out plugins.Outlet) {
	var lost []plugins.Partition
	for p, l := range r.lanes {
		if now, ok := held[p]; ok && now.generation == l.lease.generation {
			continue
		}
		l.stop()
		l.close()
		r.forget(p)
		lost = append(lost, r.parts[p])
		r.env.Logger.Warn("a partition is another member's: this one was silent for longer than claim_idle", "stage", r.env.Stage, "topic", r.base, "partition", p)
	}
	if shared, ok := out.(plugins.Assignments); ok && len(lost) > 0 {
		shared.Lost(lost)
	}
}

func (r *reader) forget(p int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.lanes, p)
}

// errStart is an error of the server's, while partitions are taken over, that may pass.
type errStart struct{ error }

func isTemporary(err error) bool {
	_, ok := errors.AsType[errStart](err)
	return ok
}

// take begins to read partitions.
func (r *reader) take(ctx context.Context, fail context.CancelCauseFunc, m *member, arrived []lease, out plugins.Outlet) error {
	standings := make([]standing, len(arrived))
	as := make([]plugins.Assignment, len(arrived))
	for i, a := range arrived {
		s, err := r.standing(ctx, a.partition)
		if err != nil {
			if plugins.IsPermanent(err) {
				return err
			}
			return errStart{err}
		}
		standings[i] = s
		as[i] = plugins.Assignment{Partition: r.parts[a.partition], Committed: s.position.encode(), Owner: a.owner, Generation: a.generation}
	}
	start := r.from
	if shared, ok := out.(plugins.Assignments); ok {
		var err error
		if start, err = shared.Assigned(ctx, as); err != nil {
			return err
		}
	}
	for i, a := range arrived {
		l := newLane(r, m, a)
		at := standings[i].position
		if stored := start[r.parts[a.partition]]; stored != nil {
			var err error
			if at, err = decodePosition(stored); err != nil {
				return fmt.Errorf("topic %s: %w", r.base, err)
			}
		}
		l.begin = beginning{standings[i], at}
		r.mu.Lock()
		r.lanes[a.partition] = l
		r.mu.Unlock()
		l.start(ctx, fail, out)
	}
	return nil
}

// release gives as many partitions to others. What was handed over of them has claim_idle to be
// finished, as that of a member that says nothing has.
func (r *reader) release(ctx context.Context, m *member, n int, out plugins.Outlet) error {
	var numbers []int
	for p := range r.lanes {
		numbers = append(numbers, p)
	}
	slices.Sort(numbers)
	numbers = numbers[len(numbers)-n:]
	var ps []plugins.Partition
	for _, p := range numbers {
		r.lanes[p].stop()
		ps = append(ps, r.parts[p])
	}
	limited, cancel := context.WithTimeout(ctx, r.options.claimIdle)
	defer cancel()
	if shared, ok := out.(plugins.Assignments); ok {
		if err := shared.Revoking(limited, ps); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.env.Logger.Warn("partitions go to another member of the group before all of them is finished: what is not comes twice", "stage", r.env.Stage, "topic", r.base, "partitions", numbers, "error", err)
			shared.Lost(ps)
			cancel() // what is lost has no answer
		}
	}
	for _, p := range numbers {
		r.lanes[p].drain(limited)
		r.lanes[p].close()
		r.forget(p)
	}
	return m.giveBack(ctx, numbers)
}

// lingerTime is how long what was handed over may take to be acknowledged when the
// source has ended; its partitions wait that long for their next reader.
const lingerTime = 2 * time.Second

// finish ends the lanes, and leaves the group: at once, or when what was handed over is
// acknowledged.
func (r *reader) finish(leave context.CancelFunc, m *member) {
	var lanes []*lane
	for p, l := range r.lanes {
		l.stop()
		l.flush()
		lanes = append(lanes, l)
		r.forget(p)
	}
	over := func() {
		for _, l := range lanes {
			l.close()
		}
		leave()
		<-m.ended
	}
	if !slices.ContainsFunc(lanes, func(l *lane) bool { return !l.answered() }) {
		over()
		return
	}
	r.members.Go(func() {
		defer over()
		ctx, cancel := context.WithTimeout(context.Background(), min(lingerTime, r.options.claimIdle/2))
		defer cancel()
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			select {
			case <-r.closing:
				cancel()
			case <-stop:
			}
		}()
		for _, l := range lanes {
			l.drain(ctx)
		}
	})
}
