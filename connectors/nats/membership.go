package nats

import (
	"context"
	"errors"
	"slices"
	"time"
)

// want says which partitions there are.
func (m *member) want(names []string) {
	m.mu.Lock()
	m.wanted = names
	m.mu.Unlock()
	wake(m.kick)
}

// news is what has become of a member's partitions.
type news struct {
	arrived []arrival
	lost    []string
	asked   []string // to be given back
	failure error
}

// news returns, once, what there is to look at.
func (m *member) news() news {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := news{arrived: m.arrived, lost: m.lost, failure: m.failure}
	m.arrived, m.lost = nil, nil
	for name := range m.asked {
		n.asked = append(n.asked, name)
	}
	clear(m.asked)
	return n
}

// track says how far a partition is read.
func (m *member) track(name string, p *progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.holdings[name]; h != nil {
		h.progress = p
	}
}

// giveBack says that a partition is not read any more, and waits until somebody else
// may have it. Where nobody is left who would take it, it arrives anew at once.
func (m *member) giveBack(ctx context.Context, name string) {
	m.mu.Lock()
	given := m.holdings[name]
	if given != nil {
		given.over = true
	}
	m.mu.Unlock()
	for given != nil {
		wake(m.kick)
		m.mu.Lock()
		still := m.holdings[name] == given
		m.mu.Unlock()
		if !still {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-m.ended:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// holds reports whether a partition is certainly ours: its lease was renewed lately. What
// was read of it waits otherwise.
func (m *member) holds(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.holdings[name]
	return h != nil && time.Since(m.renewed) < m.timeout*3/4
}

// assure waits until the lease of a partition is known to be ours at this moment: whoever makes the
// partition's consumer anew takes it from somebody else otherwise.
func (m *member) assure(ctx context.Context, name string) error {
	began := time.Now()
	for {
		wake(m.kick)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		m.mu.Lock()
		ours := m.holdings[name] != nil && m.renewed.After(began)
		m.mu.Unlock()
		if ours {
			return nil
		}
	}
}

// retire says that the reader has ended. The member stays until what the reader has handed
// over is answered, but not for longer than its lease.
func (m *member) retire() {
	m.mu.Lock()
	m.leaving, m.left = true, time.Now()
	m.mu.Unlock()
	wake(m.kick)
}

// quit makes the member leave at once, with what is acknowledged until then.
func (m *member) quit() {
	m.mu.Lock()
	m.leaving, m.now = true, true
	m.mu.Unlock()
	wake(m.kick)
}

func (m *member) isLeaving() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.leaving
}

// hasWaiting reports whether something that was handed over waits for its answer.
func (m *member) hasWaiting() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waits()
}

func (m *member) waits() bool {
	for _, h := range m.holdings {
		if h.progress != nil && !h.progress.answered() {
			return true
		}
	}
	return false
}

// isOver reports whether nothing is left to stay for.
func (m *member) isOver() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.leaving {
		return false
	}
	if m.now || time.Since(m.left) > m.timeout {
		return true
	}
	return !m.waits()
}

// leave commits for the last time and takes the member out of the table.
func (m *member) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	for range 16 {
		t, revision, err := m.read(ctx)
		if err != nil {
			break
		}
		m.mu.Lock()
		m.noteLost(t)
		commits := m.commit(t)
		m.mu.Unlock()
		delete(t.Members, m.id)
		t.bury(func(string, memberEntry) bool { return false })
		text, err := t.encode()
		if err == nil {
			err = m.write(ctx, text, revision)
		}
		if err == nil {
			for p, at := range commits {
				p.confirm(at)
			}
			return
		}
		if !errors.Is(err, errRaced) {
			break
		}
	}
	m.session.conn.env.Logger.Warn("the group could not be left in order: others get its partitions when its session is over", "stage", m.stage, "group", m.key)
}

// enlist starts a member. It ends with the connection, if not before.
func (c *connection) enlist(m *member) {
	c.mu.Lock()
	var before []*member
	for _, x := range c.members {
		if x.key == m.key && x.stage == m.stage && x.isLeaving() {
			before = append(before, x)
		}
	}
	c.members = slices.DeleteFunc(c.members, func(x *member) bool { return x.hasEnded() })
	c.members = append(c.members, m)
	c.mu.Unlock()
	for _, x := range before {
		x.quit()
		<-x.ended
	}
	c.background.Go(func() { m.run(context.Background()) })
}

func (m *member) hasEnded() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}
