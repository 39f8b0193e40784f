package nats

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reader is a source of the records of a topic.
type reader struct {
	conn    *connection
	sub     connectors.Subscription
	subject string
	env     plugins.Env

	mu      sync.Mutex
	session *session
	seek    map[plugins.Partition]plugins.Position
	parts   map[string]*reading // by name
}

var (
	_ plugins.Source  = (*reader)(nil)
	_ plugins.Seeker  = (*reader)(nil)
	_ plugins.Lagging = (*reader)(nil)
)

func newReader(c *connection, sub connectors.Subscription, subject string, env plugins.Env) *reader {
	return &reader{conn: c, sub: sub, subject: subject, env: env, parts: map[string]*reading{}}
}

// Seek implements [plugins.Seeker].
func (r *reader) Seek(positions map[plugins.Partition]plugins.Position) error {
	for p, at := range positions {
		if _, err := decodePlace(at); err != nil {
			return fmt.Errorf("partition %d of %s: %w; forget it with onstream state reset DIR %s", p.ID, p.Name, err, r.env.Stage)
		}
	}
	r.seek = maps.Clone(positions)
	return nil
}

// Lag implements [plugins.Lagging].
func (r *reader) Lag() (records int64, ok bool) {
	all := r.reading()
	for _, p := range all {
		n := p.lag.Load()
		if n < 0 {
			return 0, false
		}
		records += n
	}
	return records, len(all) > 0
}

func (r *reader) wayOut() string { return wayOutOf(r.env.Stage) }

func (r *reader) reading() []*reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.parts))
}

func (r *reader) sessionOf() *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session
}

// Run implements [plugins.Source].
func (r *reader) Run(ctx context.Context, out plugins.Outlet) error {
	s, err := r.conn.await(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.session = s
	r.mu.Unlock()
	targets, err := r.locate(ctx)
	if err != nil {
		return err
	}
	if r.sub.Browse {
		return r.browse(ctx, out, targets)
	}
	m := r.join()
	m.want(slices.Sorted(maps.Keys(targets)))
	err = r.follow(ctx, out, m, targets)
	r.stopAll()
	m.retire()
	if !m.hasWaiting() {
		<-m.ended // it has committed what is acknowledged, in a limited time
	}
	return err
}

// target is a partition that can be read.
type target struct {
	stream     *jetstream.StreamInfo
	number, of int
}

// locate finds the partitions of the topic, by their names in the group's table.
func (r *reader) locate(ctx context.Context) (map[string]target, error) {
	targets := map[string]target{}
	find := r.sessionOf().streamsOf
	if r.sub.Browse {
		find = r.sessionOf().look
	}
	for attempt := 1; ; attempt++ {
		streams, err := find(ctx, r.subject)
		if err == nil {
			for _, s := range streams {
				if err := r.conn.checkPartitions(s); err != nil {
					return nil, err
				}
				n := partitionsOf(s)
				for i := range n {
					targets[s.Config.Name+"/"+strconv.Itoa(i)] = target{s, i, n}
				}
			}
			return targets, nil
		}
		if plugins.IsPermanent(err) || ctx.Err() != nil {
			return nil, err
		}
		if err := r.env.Wait(ctx, r.conn.options.backoff.Before(attempt)); err != nil {
			return nil, err
		}
	}
}

// join makes the reader a member of its group. Its predecessor over the same connection, which
// waits for its last answers, makes room.
func (r *reader) join() *member {
	sum := sha256.Sum256([]byte(r.sub.Group + "\x00" + r.subject))
	key := consumerName(shorten(r.sub.Group)) + "." + hex.EncodeToString(sum[:8])
	same := ""
	if r.env.Owner != "" {
		sum := sha256.Sum256([]byte(r.env.Owner + "\x00" + r.env.Pipeline + "\x00" + r.env.Stage))
		same = hex.EncodeToString(sum[:8])
	}
	m := newMember(r.sessionOf(), r.conn.hub, key, rand.Text(), same, r.env)
	m.inspect = r.inspect
	r.conn.enlist(m)
	return m
}

// shorten keeps names of keys and consumers short; what makes them unique is a digest.
func shorten(s string) string { return s[:min(len(s), 64)] }

// discoverTime is how often streams are looked for that a pattern stands for, too.
const discoverTime = 5 * time.Second

// follow reads what the member is given, until ctx ends or something cannot go on.
func (r *reader) follow(ctx context.Context, out plugins.Outlet, m *member, targets map[string]target) error {
	discover := time.NewTicker(discoverTime)
	defer discover.Stop()
	failed := make(chan error, 1)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return err
		case <-m.changed:
			if err := r.react(ctx, out, m, targets, failed); err != nil {
				return err
			}
		case <-discover.C:
			if !isPattern(r.subject) {
				continue
			}
			found, err := r.locate(ctx)
			if err != nil {
				return err
			}
			if len(found) != len(targets) {
				maps.Copy(targets, found)
				m.want(slices.Sorted(maps.Keys(targets)))
			}
		}
	}
}

// react does what the group asks for.
func (r *reader) react(ctx context.Context, out plugins.Outlet, m *member, targets map[string]target, failed chan error) error {
	n := m.news()
	if n.failure != nil {
		return n.failure
	}
	group, shared := out.(plugins.Assignments)
	for _, name := range n.lost {
		if p := r.stop(name); p != nil && shared {
			group.Lost([]plugins.Partition{p.part})
		}
	}
	if err := r.start(ctx, out, m, n.arrived, targets, failed); err != nil {
		return err
	}
	for _, name := range n.asked {
		p := r.stop(name)
		if p == nil {
			continue
		}
		if shared {
			limited, cancel := context.WithTimeout(ctx, r.conn.options.session)
			err := group.Revoking(limited, []plugins.Partition{p.part})
			cancel()
			if err != nil && ctx.Err() == nil {
				r.env.Logger.Warn("a partition is given to another member of the group before all of it is finished: that comes twice", "stream", p.stream, "partition", p.number, "error", err)
				group.Lost([]plugins.Partition{p.part})
			}
		}
		m.giveBack(ctx, name)
	}
	return nil
}

// start begins to read partitions that have become ours.
func (r *reader) start(ctx context.Context, out plugins.Outlet, m *member, arrived []arrival, targets map[string]target, failed chan error) error {
	var as []plugins.Assignment
	for _, a := range arrived {
		as = append(as, plugins.Assignment{Partition: r.partOf(targets[a.name]), Committed: a.At, Owner: a.Owner, Generation: a.Turn})
	}
	if len(as) == 0 {
		return nil
	}
	from := map[plugins.Partition]plugins.Position{}
	for _, a := range as {
		if a.Committed != nil {
			from[a.Partition] = a.Committed
		}
		if at := r.seek[a.Partition]; at != nil {
			from[a.Partition] = at
		}
	}
	if group, ok := out.(plugins.Assignments); ok {
		var err error
		if from, err = group.Assigned(ctx, as); err != nil {
			return err
		}
	}
	r.seek = nil // what comes back later begins where the group is
	for _, a := range arrived {
		p, err := r.open(a, targets[a.name], from[r.partOf(targets[a.name])])
		if err != nil {
			return err
		}
		p.holds = func() bool { return m.holds(a.name) }
		p.assure = func(ctx context.Context) error { return m.assure(ctx, a.name) }
		m.track(a.name, p.progress)
		r.run(ctx, out, p, failed)
	}
	return nil
}
