package redis

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

// member is one reader's place in its group: it holds leases of partitions, and says
// with each beat that it is alive. It goes on for a while when its reader has ended, for
// what is acknowledged then.
type member struct {
	conn   *connection
	script *goredis.Script
	with   beatWith                    // what stays the same
	whole  func(context.Context) error // whether the partitions are all of the topic
	kick   chan struct{}
	// changed tells the reader that there is something to look at.
	changed chan struct{}
	ended   chan struct{}

	mu        sync.Mutex
	held      map[int]lease
	quota     int
	renewed   time.Time // when the last beat began that went through
	beats     int64     // that went through
	committed map[int]bool
	given     map[int]bool
	err       error // for good
}

func newMember(r *reader) *member {
	return &member{
		conn: r.connection, script: goredis.NewScript(beat),
		with: beatWith{
			key: tableOf(r.base, r.sub.Group), id: newName(), owner: r.env.Owner,
			ttl: r.options.claimIdle, partitions: len(r.parts),
		},
		whole: func(ctx context.Context) error { return r.checkPartitions(ctx, r.base, 0) },
		kick:  make(chan struct{}, 1), changed: make(chan struct{}, 1), ended: make(chan struct{}),
		held: map[int]lease{}, committed: map[int]bool{}, given: map[int]bool{},
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run beats until ctx ends. Then it leaves the group.
func (m *member) run(ctx context.Context) {
	defer close(m.ended)
	every := m.with.ttl / 4
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			m.leave()
			return
		case <-timer.C:
		case <-m.kick:
		}
		err := m.beat(ctx)
		if err == nil {
			err = m.whole(ctx) // somebody may have begun to write with others
		}
		if plugins.IsPermanent(err) {
			m.mu.Lock()
			m.err = err
			m.mu.Unlock()
			wake(m.changed)
			return
		}
		next := every
		if err != nil {
			next = min(every, m.conn.options.backoff.Most)
		}
		timer.Reset(next)
	}
}

// beat says that the member is there, and takes in what has become of its partitions.
func (m *member) beat(ctx context.Context) error {
	m.mu.Lock()
	w := m.with
	w.committed = slices.Sorted(maps.Keys(m.committed))
	w.given = slices.Sorted(maps.Keys(m.given))
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.with.ttl)
	defer cancel()
	began := time.Now()
	quota, leases, err := m.conn.beat(ctx, m.script, w)
	if err = m.conn.try("join the group", err); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quota, m.renewed = quota, began
	m.beats++
	for _, p := range w.committed {
		delete(m.committed, p)
	}
	for _, p := range w.given {
		delete(m.given, p)
	}
	clear(m.held)
	for _, l := range leases {
		m.held[l.partition] = l
	}
	wake(m.changed)
	return nil
}

// leave gives back what is still held.
func (m *member) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), finishTime)
	defer cancel()
	w := m.with
	m.mu.Lock()
	w.committed = slices.Sorted(maps.Keys(m.committed))
	m.mu.Unlock()
	w.leaving = true
	if _, _, err := m.conn.beat(ctx, m.script, w); err != nil {
		m.conn.env.Logger.Warn("the group could not be left in order: others get its partitions after claim_idle", "group", m.with.key, "error", err)
	}
}

// news returns what is held, and how much of it should be.
func (m *member) news() (held map[int]lease, quota int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.held), m.quota, m.err
}

// holds reports whether a lease is certainly the member's: it was renewed lately.
func (m *member) holds(l lease) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, ok := m.held[l.partition]
	return ok && now.generation == l.generation && time.Since(m.renewed) < m.with.ttl*3/4
}

// commits notes that something of a partition was acknowledged: the next beat says by whom.
func (m *member) commits(partition int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.committed[partition] = true
}

// giveBack makes partitions free, for others to take.
func (m *member) giveBack(ctx context.Context, partitions []int) error {
	m.mu.Lock()
	before := m.beats
	for _, p := range partitions {
		m.given[p] = true
	}
	m.mu.Unlock()
	for {
		wake(m.kick)
		m.mu.Lock()
		left := slices.ContainsFunc(partitions, func(p int) bool { return m.given[p] })
		done := m.beats > before && !left
		err := m.err
		m.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-m.changed: // the reader, who is here, looks at the rest afterwards
		case <-m.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
