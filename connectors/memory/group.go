package memory

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// group is readers that divide partitions among themselves. All of it is under
// the lock of the bus.
type group struct {
	bus     *bus
	name    string
	members []*member                        // in the order in which they joined
	plan    map[plugins.Partition]*member    // whose each partition is to be
	owners  map[plugins.Partition]*member    // whose it still is
	logs    map[plugins.Partition]*partition // of plan
}

// member is a reader in its group.
type member struct {
	group *group
	topic connectors.Topic
	wake  chan struct{} // something about its partitions may have changed
}

// wants reports whether the records of a topic are for the member.
func (m *member) wants(name string) bool { return m.topic.Matches(name) }

// join makes a reader a member. The group stands where the subscription says in
// all partitions in which it does not stand yet.
func (b *bus) join(s connectors.Subscription, l limits) (*member, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !s.Topic.Pattern() {
		b.topicLocked(string(s.Topic), l)
	}
	g := b.groups[s.Group]
	if g == nil {
		g = &group{bus: b, name: s.Group, owners: map[plugins.Partition]*member{}}
	}
	m := &member{group: g, topic: s.Topic, wake: make(chan struct{}, 1)}
	for _, t := range b.topics {
		if !m.wants(t.name) {
			continue
		}
		for _, p := range t.partitions {
			at, err := p.start(s)
			if err != nil {
				return nil, err
			}
			p.admit(g.name, at)
		}
	}
	b.groups[s.Group] = g
	g.members = append(g.members, m)
	g.divide()
	return m, nil
}

// start returns where a group begins that stands nowhere in the partition.
func (p *partition) start(s connectors.Subscription) (int64, error) {
	begin, end := p.bounds()
	switch s.Start {
	case connectors.StartLatest:
		return end, nil
	case connectors.StartTimestamp:
		return p.since(s.Since), nil
	case connectors.StartCommitted:
		if c := p.cursorOf(s.Group); !c.committed {
			return 0, plugins.Permanent(fmt.Errorf("the group %s has read nothing of topic %s yet, and start = \"committed\" asks to go on where it stands: write start = \"earliest\" or \"latest\", or name the group that is meant", s.Group, p.id.Name))
		}
	}
	return begin, nil
}

// leave takes a member out of its group. What it has not read is the others'.
func (m *member) leave(now time.Time) {
	g := m.group
	g.bus.mu.Lock()
	defer g.bus.mu.Unlock()
	g.members = slices.DeleteFunc(g.members, func(x *member) bool { return x == m })
	for p, owner := range g.owners {
		if owner == m {
			delete(g.owners, p)
		}
	}
	if len(g.members) > 0 {
		g.divide()
		return
	}
	delete(g.bus.groups, g.name)
	for _, p := range g.logs {
		p.rest(g.name, now)
	}
}

// divide plans anew whose each partition is to be: as many for each member as can be, and
// as few as can be move.
func (g *group) divide() {
	g.plan, g.logs = map[plugins.Partition]*member{}, map[plugins.Partition]*partition{}
	count := map[*member]int{}
	for _, p := range g.partitions() {
		g.logs[p.id] = p
		p.admit(g.name, 0) // of a topic that is new
		g.plan[p.id] = g.owners[p.id]
		count[g.owners[p.id]]++
	}
	for _, p := range g.partitions() {
		if g.plan[p.id] == nil {
			g.plan[p.id] = g.least(p, count)
			count[g.plan[p.id]]++
		}
	}
	for _, p := range g.partitions() {
		from, to := g.plan[p.id], g.least(p, count)
		if count[from] > count[to]+1 {
			g.plan[p.id] = to
			count[from]--
			count[to]++
		}
	}
	g.wakeAll()
}

// least returns the member with the fewest partitions of those that want one.
func (g *group) least(p *partition, count map[*member]int) *member {
	var least *member
	for _, m := range g.members {
		if m.wants(p.id.Name) && (least == nil || count[m] < count[least]) {
			least = m
		}
	}
	return least
}

// partitions returns, in order, those that any member wants.
func (g *group) partitions() []*partition {
	var all []*partition
	for _, t := range g.bus.topics {
		if slices.ContainsFunc(g.members, func(m *member) bool { return m.wants(t.name) }) {
			all = append(all, t.partitions...)
		}
	}
	slices.SortFunc(all, func(a, b *partition) int {
		return cmp.Or(cmp.Compare(a.id.Name, b.id.Name), cmp.Compare(a.id.ID, b.id.ID))
	})
	return all
}

func (g *group) wakeAll() {
	for _, m := range g.members {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

// claimed is a partition that became a member's.
type claimed struct {
	log    *partition
	cursor cursor
}

// change returns which of the partitions that a member has are to be another's, and
// makes those its own that are planned for it and nobody's.
func (m *member) change() (revoked []plugins.Partition, assigned []claimed) {
	g := m.group
	g.bus.mu.Lock()
	defer g.bus.mu.Unlock()
	for id, p := range g.logs {
		switch owner := g.owners[id]; {
		case owner == m && g.plan[id] != m:
			revoked = append(revoked, id)
		case owner == nil && g.plan[id] == m:
			g.owners[id] = m
			assigned = append(assigned, claimed{p, p.claim(g.name)})
		}
	}
	return revoked, assigned
}

// release makes partitions nobody's, for those to take for whom they are planned.
func (m *member) release(ps []plugins.Partition) {
	g := m.group
	g.bus.mu.Lock()
	defer g.bus.mu.Unlock()
	for _, p := range ps {
		if g.owners[p] == m {
			delete(g.owners, p)
		}
	}
	g.wakeAll()
}
