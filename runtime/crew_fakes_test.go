package runtime_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

const (
	crewParts = 7
	crewKeys  = 21 // number n has key n%crewKeys and is in partition n%crewParts
)

// crew is a bus whose partitions are shared by all who read it, in one process
// or in several engines of one. A member that stops, or is held up, loses its
// partitions to the others.
type crew struct {
	end  atomic.Int64 // the first number that is not there
	name string       // of its kinds

	mu         sync.Mutex
	generation int64
	members    []*member
	owners     [crewParts]*member // to be
	holders    [crewParts]*member // that have not given it back
	committed  [crewParts]commitment
	logs       map[string]*crewLog
	leaves     bool          // members that stop give their partitions back before
	lost       int           // partitions of which a member was told so
	leaving    int           // members that are giving partitions back
	patience   time.Duration // how long a member may take to give partitions back; 0 for any time
	hurry      chan struct{} // when it is closed, that is over; nil for never
}

type commitment struct {
	at    int64 // next number, 0 for none
	owner string
}

func newCrew(end int64) *crew {
	c := &crew{name: "crew", logs: map[string]*crewLog{}}
	c.end.Store(end)
	return c
}

// kind is the connector, with its source and sink.
func (c *crew) kind() plugins.ConnectorKind {
	return plugins.ConnectorKind{Name: c.name, Service: "crew", New: func(plugins.Config, plugins.Env) (plugins.Connection, error) { return crewConnection{c}, nil }}
}

type crewConnection struct{ *crew }

func (crewConnection) Close(context.Context) error { return nil }

// StateLog implements [plugins.StateLogs].
func (c crewConnection) StateLog(_ context.Context, name string, p plugins.Partition) (plugins.StateLog, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name += string('a' + p.ID)
	if c.logs[name] == nil {
		c.logs[name] = new(crewLog)
	}
	return c.logs[name], nil
}

// member is a source that reads its share.
type member struct {
	crew   *crew
	owner  string
	held   bool // under crew.mu; it does nothing, as a process that is stopped
	mine   map[int32]int64
	fence  map[int32]int64 // generation in which the partition became its
	seeked map[plugins.Partition]plugins.Position
}

func (c *crew) source() plugins.SourceKind {
	return plugins.SourceKind{
		Name: c.name, Via: "crew",
		Output: func(plugins.Config) (plugins.Shape, error) {
			return plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}, plugins.Field{Name: "k", Type: plugins.Of(plugins.String)}), nil
		},
		New: func(_ plugins.Config, env plugins.Env) (plugins.Source, error) {
			if _, ok := env.Connection.(crewConnection); !ok {
				return nil, errors.New("there is no connection")
			}
			return &member{crew: c, owner: env.Owner, mine: map[int32]int64{}, fence: map[int32]int64{}}, nil
		},
	}
}

// divide gives the partitions to the members that are there; c.mu is held.
func (c *crew) divide() {
	c.generation++
	var there []*member
	for _, m := range c.members {
		if !m.held {
			there = append(there, m)
		}
	}
	for p := range c.owners {
		c.owners[p] = nil
		if len(there) > 0 {
			c.owners[p] = there[(p+int(c.generation))%len(there)]
		}
	}
}

// hold makes the member with a number do nothing, or go on.
func (c *crew) hold(i int, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i < len(c.members) && c.members[i].held != yes {
		c.members[i].held = yes
		c.divide()
	}
}

func (m *member) Seek(at map[plugins.Partition]plugins.Position) error { m.seeked = at; return nil }

// Run implements [plugins.Source].
func (m *member) Run(ctx context.Context, out plugins.Outlet) error {
	c := m.crew
	c.mu.Lock()
	c.members = append(c.members, m)
	c.divide()
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.members = slices.DeleteFunc(c.members, func(o *member) bool { return o == m })
		c.divide()
	}()
	for ctx.Err() == nil {
		if err := m.share(ctx, out.(plugins.Assignments)); err != nil {
			return m.leave(ctx, out.(plugins.Assignments), err)
		}
		handed := false
		for p, n := range m.mine {
			if n >= c.end.Load() || m.isHeld() {
				continue
			}
			next, err := m.hand(ctx, out, p, n)
			if err != nil {
				return m.leave(ctx, out.(plugins.Assignments), err)
			}
			m.mine[p], handed = next, true
		}
		if !handed {
			time.Sleep(100 * time.Microsecond)
		}
	}
	return m.leave(ctx, out.(plugins.Assignments), ctx.Err())
}

// leave gives the partitions back of a member that is told to stop.
func (m *member) leave(ctx context.Context, out plugins.Assignments, why error) error {
	m.crew.mu.Lock()
	leaves := m.crew.leaves
	m.crew.mu.Unlock()
	if !leaves || ctx.Err() == nil {
		return why
	}
	var all []plugins.Partition
	for p := range m.mine {
		all = append(all, crewPart(p))
	}
	if err := out.Revoking(context.WithoutCancel(ctx), all); err != nil {
		return err
	}
	return why
}

func (m *member) isHeld() bool {
	m.crew.mu.Lock()
	defer m.crew.mu.Unlock()
	return m.held
}

// share gives back what is not the member's any more, and takes what is.
func (m *member) share(ctx context.Context, out plugins.Assignments) error {
	c := m.crew
	c.mu.Lock()
	if m.held {
		c.mu.Unlock()
		return nil
	}
	var lost, revoked []plugins.Partition
	var taken []plugins.Assignment
	generation := c.generation
	for p := range int32(crewParts) {
		_, has := m.mine[p]
		holder := c.holders[p]
		switch {
		case has && holder != m:
			lost = append(lost, crewPart(p))
		case has && c.owners[p] != m:
			revoked = append(revoked, crewPart(p))
		case !has && c.owners[p] == m && (holder == nil || holder == m || holder.held || !slices.Contains(c.members, holder)):
			c.holders[p] = m
			x := plugins.Assignment{Partition: crewPart(p), Owner: c.committed[p].owner, Generation: generation}
			if at := c.committed[p].at; at > 0 {
				x.Committed = binary.AppendVarint(nil, at)
			}
			taken = append(taken, x)
		}
	}
	c.mu.Unlock()
	if len(revoked) > 0 {
		if err := m.giveBack(ctx, out, revoked); err != nil {
			return err
		}
		c.mu.Lock()
		for _, p := range revoked {
			if c.holders[p.ID] == m {
				c.holders[p.ID] = nil
			}
		}
		c.mu.Unlock()
	}
	if len(lost) > 0 {
		out.Lost(lost)
		c.mu.Lock()
		c.lost += len(lost)
		c.mu.Unlock()
	}
	for _, p := range slices.Concat(lost, revoked) {
		delete(m.mine, p.ID)
	}
	if len(taken) == 0 {
		return nil
	}
	at, err := out.Assigned(ctx, taken)
	if err != nil {
		return err
	}
	c.mu.Lock()
	for _, x := range taken { // what was handed over is acknowledged by others
		m.fence[x.Partition.ID] = generation
	}
	c.mu.Unlock()
	for _, x := range taken {
		m.mine[x.Partition.ID] = int64(x.Partition.ID)
		if pos := at[x.Partition]; pos != nil {
			m.mine[x.Partition.ID], _ = binary.Varint(pos)
		}
	}
	return nil
}

// giveBack tells the engine that partitions are about to be another member's, and after
// too long that they are.
func (m *member) giveBack(ctx context.Context, out plugins.Assignments, ps []plugins.Partition) error {
	m.crew.mu.Lock()
	patience, hurry := m.crew.patience, m.crew.hurry
	m.crew.leaving++
	m.crew.mu.Unlock()
	defer func() {
		m.crew.mu.Lock()
		defer m.crew.mu.Unlock()
		m.crew.leaving--
	}()
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	if patience > 0 {
		defer time.AfterFunc(patience, cancel).Stop()
	}
	go func() {
		select {
		case <-hurry:
			cancel()
		case <-limited.Done():
		}
	}()
	if err := out.Revoking(limited, ps); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		out.Lost(ps)
	}
	return nil
}

func crewPart(p int32) plugins.Partition { return plugins.Partition{Name: "crew", ID: p} }

// hand hands over a few numbers from n on and returns the next one.
func (m *member) hand(ctx context.Context, out plugins.Outlet, p int32, n int64) (int64, error) {
	rows := min(5, int((m.crew.end.Load()-n+crewParts-1)/crewParts))
	b := out.Batch()
	b.Part = crewPart(p)
	b.SelectAll(rows)
	ns, ks := b.NewColumn("n", plugins.Int), b.NewColumn("k", plugins.String)
	for i := range rows {
		ns.Ints[i] = n
		ks.AppendString(uint32(i), string(rune('a'+n%crewKeys)))
		n += crewParts
	}
	owner, fence := m.owner, m.fence[p]
	ack := func() {
		m.crew.mu.Lock()
		defer m.crew.mu.Unlock()
		if m.crew.holders[p] == m && m.fence[p] == fence { // as a broker fences off those of old generations
			m.crew.committed[p] = commitment{n, owner}
		}
	}
	return n, out.Hand(ctx, plugins.Delivery{Batch: b, Next: binary.AppendVarint(nil, n), Ack: ack})
}

// stage is the source of a pipeline.
func (c *crew) stage(name string) *graph.Stage {
	in := source(name, nil)
	in.Kind, in.Via = c.name, c.name
	in.Config = in.Config.WithConnector(c.kind(), plugins.NewConfig(nil))
	return in
}

// crewPipeline counts the numbers by key.
func (w *world) crewPipeline(c *crew) *graph.Graph {
	in := c.stage("in")
	count := keyedStage("counter", "count", nil, from("source.in"))
	count.Follows = "source.in"
	g := w.pipeline(in, count, sink("out", from("transform.count")))
	g.Checkpoint = graph.Checkpoint{Interval: time.Millisecond, Durability: graph.Fsync}
	return g
}

func (w *world) addCrew(t testing.TB, c *crew) {
	if _, ok := w.registry.Transform("counter"); !ok {
		w.addStateful()
	}
	if err := errors.Join(w.registry.AddSource(c.source()), w.registry.AddConnector(c.kind())); err != nil {
		t.Fatal(err)
	}
}

// lose takes the partitions from all who have them.
func (c *crew) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.holders[:])
}

// transacted commits positions that are in a transaction.
func (c *crew) transacted(mark string, at map[string]map[plugins.Partition]plugins.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, _, _ := strings.Cut(mark, "/")
	for _, ps := range at {
		for p, pos := range ps {
			n, _ := binary.Varint(pos)
			c.committed[p.ID] = commitment{n, owner}
		}
	}
}

// restart makes the crew's bus forget the group, but not what is in the logs.
func (c *crew) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation = 0
	c.committed = [crewParts]commitment{}
}

// shares returns how many members have partitions.
func (c *crew) shares() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	have := map[*member]bool{}
	for _, m := range c.holders {
		if m != nil && slices.Contains(c.members, m) {
			have[m] = true
		}
	}
	return len(have)
}

// givingBack returns how many members are giving partitions back.
func (c *crew) givingBack() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaving
}

// joined returns how many members there are.
func (c *crew) joined() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.members)
}
