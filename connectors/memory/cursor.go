package memory

import (
	"log/slog"
	"time"
)

// cursor is where a group stands in a partition.
type cursor struct {
	at        int64     // what comes next; all before is read
	committed bool      // a member said so; otherwise it is where the group began
	owner     string    // Env.Owner of that member
	epoch     int64     // grows with each member that the partition is given to
	idle      time.Time // since when the group has no members; zero while it has
}

// commit notes that a group has read what is before an offset. It is ignored when the
// partition is another member's meanwhile.
func (p *partition) commit(group string, epoch, at int64, owner string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cursors[group]
	if c == nil || c.epoch != epoch {
		return
	}
	c.at, c.committed, c.owner = at, true, owner
	p.signalFreed()
}

// signalFreed wakes those who wait for room; p.mu is held.
func (p *partition) signalFreed() {
	if p.freed != nil {
		close(p.freed)
		p.freed = nil
	}
}

// cursorOf returns where a group stands, a copy.
func (p *partition) cursorOf(group string) cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.cursors[group]; c != nil {
		return *c
	}
	return cursor{at: p.begin}
}

// admit makes a group stand somewhere, unless it already does.
func (p *partition) admit(group string, at int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.cursors[group]; c != nil {
		c.idle = time.Time{}
		return
	}
	p.cursors[group] = &cursor{at: max(at, p.begin)}
	p.signalFreed()
}

// claim gives the partition to a member of a group, and returns where that stands.
func (p *partition) claim(group string) cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cursors[group]
	c.epoch++
	return *c
}

// rest says that a group has no members any more.
func (p *partition) rest(group string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.cursors[group]; c != nil {
		c.idle = now
	}
}

// place makes a group go on from an offset, which the partition must have: what its
// member's own checkpoint says.
func (p *partition) place(group string, epoch, at int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at < p.begin || at > p.end {
		return p.missing(at)
	}
	if c := p.cursors[group]; c != nil && c.epoch == epoch {
		c.at = at
	}
	return nil
}

// expire forgets the groups that are without members for too long, and reports
// whether there were any; p.mu is held.
func (p *partition) expire(now time.Time, say complaints) bool {
	found := false
	for name, c := range p.cursors {
		if !c.idle.IsZero() && now.Sub(c.idle) >= p.limits.inactive && c.at < p.end {
			say.Warn("a group of the memory bus is given up: it has had no members for long, and the topic is full", "group", name, "topic", p.id.Name, "partition", p.id.ID, "unread", p.end-c.at)
			delete(p.cursors, name)
			found = true
		}
	}
	return found
}

// complaints is the log of a stage.
type complaints struct{ *slog.Logger }

// full says whom a writer waits for; p.mu is held.
func (say complaints) full(p *partition) {
	slowest, behind := "", int64(-1)
	for name, c := range p.cursors {
		if p.end-c.at > behind {
			slowest, behind = name, p.end-c.at
		}
	}
	if slowest == "" {
		say.Warn("a topic of the memory bus is full and nobody reads it: the sink waits for the first reader", "topic", p.id.Name, "partition", p.id.ID)
		return
	}
	say.Warn("a topic of the memory bus is full: the sink waits for the slowest group", "topic", p.id.Name, "partition", p.id.ID, "group", slowest, "unread", behind)
}

func (say complaints) roomy(p *partition) {
	say.Info("the topic of the memory bus has room again", "topic", p.id.Name, "partition", p.id.ID)
}
