package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// member is one reader's place in a group: it holds leases, renews them, and commits.
// It goes on for a while when its reader has ended, for what is acknowledged then.
type member struct {
	session *session
	hub     *hub
	key     string // of the group's table
	id      string
	same    string
	since   int64  // ms since 1970
	owner   string // see [plugins.Env.Owner]
	stage   string
	timeout time.Duration
	inspect func(context.Context) error // what the reader does at each beat

	kick    chan struct{} // something is to be done before the next beat
	changed chan struct{} // the reader has something to look at
	ended   chan struct{}

	kv jetstream.KeyValue // of run

	mu       sync.Mutex
	wanted   []string // all partitions, sorted
	beat     uint64
	seen     map[string]sighting // of other members
	looked   time.Time           // when they were looked at last
	renewed  time.Time           // when the last change began that went through
	holdings map[string]*holding // what is ours, by name
	arrived  []arrival           // ours, and not yet taken by the reader
	lost     []string            // not ours any more, and not yet taken
	asked    map[string]bool     // to be given back by the reader
	failure  error               // the group cannot be a member of
	leaving  bool                // the reader has ended
	left     time.Time           // when it did
	now      bool                // leave without waiting for answers
}

// sighting is when a member's entry was first seen as it is.
type sighting struct {
	beat uint64
	at   time.Time
}

// arrival is a partition that has become ours.
type arrival struct {
	name string
	lease
}

// holding is a partition that is ours.
type holding struct {
	progress *progress // nil until the reader reads it
	over     bool      // the reader has given it back
}

func newMember(s *session, hub *hub, key, id, same string, env plugins.Env) *member {
	hub.arrive(id)
	return &member{
		session: s, hub: hub, key: key, id: id, same: same, since: time.Now().UnixMilli(), owner: env.Owner, stage: env.Stage, timeout: s.conn.options.session,
		kick: make(chan struct{}, 1), changed: make(chan struct{}, 1), ended: make(chan struct{}),
		seen: map[string]sighting{}, holdings: map[string]*holding{}, asked: map[string]bool{},
	}
}

// commitTime is how long an acknowledgement may wait to be committed.
const commitTime = 250 * time.Millisecond

// run keeps the leases until the member is to leave.
func (m *member) run(ctx context.Context) {
	defer close(m.ended)
	defer m.hub.leave(m.id)
	m.session.watch(m)
	defer m.session.unwatch(m)
	every := m.timeout / 4
	beat := time.NewTicker(every)
	defer beat.Stop()
	commit := time.NewTicker(min(commitTime, every))
	defer commit.Stop()
	wrong, stop := m.inspections(ctx, every)
	defer stop()
	err := m.step(ctx, true)
	for {
		if m.isOver() {
			m.leave(ctx)
			return
		}
		if plugins.IsPermanent(err) {
			m.mu.Lock()
			m.failure = err
			m.mu.Unlock()
			m.signal()
			return
		}
		due := false
		select {
		case <-beat.C:
			due = true
		case <-m.kick:
			due = true
		case <-commit.C:
		case err = <-wrong:
			continue
		}
		if due || m.dirty() {
			err = m.step(ctx, due)
		}
	}
}

// inspections looks after the streams in a goroutine of its own, so that the leases are renewed
// however long that takes. It sends what is wrong for good.
func (m *member) inspections(ctx context.Context, every time.Duration) (wrong chan error, stop func()) {
	wrong = make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for !m.isLeaving() {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := m.inspect(ctx); plugins.IsPermanent(err) {
				wrong <- err
				return
			}
		}
	}()
	return wrong, func() {
		cancel()
		<-ended
	}
}

// signal tells the reader that there is something to look at.
func (m *member) signal() { wake(m.changed) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// cut, restored and forbidden implement watcher.
func (m *member) cut(error) {}

// restored forgets since when others are silent: nothing was heard of them.
func (m *member) restored() {
	m.mu.Lock()
	clear(m.seen)
	m.mu.Unlock()
	wake(m.kick)
}

func (m *member) forbidden(string, error) {}

// step reads the table and changes it: it tells that we are there, buries the dead, claims
// what is free and ours to have, and commits. Who finds the table changed meanwhile
// begins anew.
func (m *member) step(ctx context.Context, renew bool) error {
	for range 16 {
		began := time.Now()
		t, revision, err := m.read(ctx)
		if err != nil {
			return err
		}
		if err := m.replaced(t); err != nil {
			return err
		}
		done := m.change(t, renew)
		text, err := t.encode()
		if err != nil {
			return plugins.Permanent(fmt.Errorf("group %s: %w", m.key, err))
		}
		err = m.write(ctx, text, revision)
		if errors.Is(err, errRaced) {
			continue
		}
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.renewed = began
		m.mu.Unlock()
		done()
		return nil
	}
	return nil // the others are busy with it; there is another beat
}

var errReplaced = errors.New("another process runs this stage with the same state folder and has taken its place in the group: run one of them, or give each its own --state")

// replaced reports that another member has taken our place, which has our state.
func (m *member) replaced(t table) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := t.Members[m.id]; known || m.beat == 0 || m.same == "" {
		return nil
	}
	for id, e := range t.Members {
		if e.Same == m.same && e.Since > m.since && !m.hub.alive(id) {
			return plugins.Permanent(fmt.Errorf("group %s: %w", m.key, errReplaced))
		}
	}
	return nil
}

// change works on a table, and returns what is to be done when it is stored.
func (m *member) change(t table, renew bool) (done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := t.Members[m.id]
	m.noteLost(t)
	m.noteLook(time.Now())
	if renew || !known {
		m.beat++
	}
	server := m.session.nc.ConnectedServerId()
	t.Members[m.id] = memberEntry{Beat: m.beat, Server: server, Same: m.same, Since: m.since}
	t.bury(func(id string, e memberEntry) bool { return id != m.id && m.isDead(id, e, server) })
	commits := m.commit(t)
	var given []string
	for name, h := range m.holdings {
		if h.over {
			l := t.Parts[name]
			l.Holder = ""
			t.Parts[name] = l
			given = append(given, name)
		}
	}
	var got []string
	if !m.leaving {
		got = t.claim(m.id, m.wanted, time.Now())
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, name := range given {
			delete(m.holdings, name)
			delete(m.asked, name)
		}
		for p, at := range commits {
			p.confirm(at)
		}
		for _, name := range got {
			m.holdings[name] = &holding{}
			m.arrived = append(m.arrived, arrival{name, t.Parts[name]})
		}
		surplus := t.surplus(m.id, m.wanted)
		for _, name := range surplus {
			m.asked[name] = true
		}
		if len(got)+len(surplus)+len(m.lost) > 0 {
			m.signal()
		}
	}
}

// noteLost finds what somebody else has taken.
func (m *member) noteLost(t table) {
	for name, h := range m.holdings {
		if t.Parts[name].Holder == m.id {
			continue
		}
		delete(m.holdings, name)
		delete(m.asked, name)
		came := len(m.arrived)
		m.arrived = slices.DeleteFunc(m.arrived, func(a arrival) bool { return a.name == name })
		if !h.over && len(m.arrived) == came { // the reader knows of it
			m.lost = append(m.lost, name)
			m.signal()
		}
	}
	// What we hold in the table and do not know of was ours before a step whose answer was lost.
	for name, l := range t.Parts {
		if l.Holder == m.id && m.holdings[name] == nil {
			l.Holder = ""
			t.Parts[name] = l
		}
	}
}

// noteLook notes that the others are looked at. Who could not look for a while, because the process was not
// scheduled or the server did not answer, does not know that they were silent meanwhile: they could not be heard, and
// what has held this one up may have held them up, too. m.mu is held.
func (m *member) noteLook(now time.Time) {
	if away := now.Sub(m.looked) - m.timeout/2; away > 0 && !m.looked.IsZero() {
		for id, s := range m.seen {
			s.at = s.at.Add(away)
			m.seen[id] = s
		}
	}
	m.looked = now
}

// isDead reports whether a member is not alive any more; m.mu is held.
func (m *member) isDead(id string, e memberEntry, server string) bool {
	switch {
	case m.hub.alive(id):
		// A member of this process may be cut off all the same.
	case m.session.solo && e.Server != server:
		return true // nobody else can be at our own server, and that has ended since
	case m.same != "" && e.Same == m.same && e.Since <= m.since:
		return true // it had our state, which is locked by us now
	}
	was, known := m.seen[id]
	if !known || was.beat != e.Beat {
		m.seen[id] = sighting{e.Beat, time.Now()}
		return false
	}
	return time.Since(was.at) > m.timeout
}

// commit puts into the table how far we are. It returns what it has put.
func (m *member) commit(t table) map[*progress]place {
	commits := map[*progress]place{}
	for name, h := range m.holdings {
		if h.progress == nil {
			continue
		}
		at, scanned := h.progress.committable()
		l := t.Parts[name]
		if at.created != 0 {
			l.At, l.Owner = at.encode(), m.owner
			commits[h.progress] = at
		}
		l.Scanned = max(scanned, at.seq)
		t.Parts[name] = l
	}
	return commits
}

// dirty reports whether something waits to be committed.
func (m *member) dirty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.holdings {
		if h.over || h.progress != nil && h.progress.dirty() {
			return true
		}
	}
	return false
}
