package bustest

import (
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// traffic writes and reads through two relays while something happens to them, and judges
// what came. Duplicates are allowed: an answer may have been on its way.
func (g *rig) traffic(t *testing.T, happen func(turn int, relays ...*Relay)) {
	t.Helper()
	topic := g.topic(t, "g")
	in, out := NewRelay(t, g.Addr), NewRelay(t, g.Addr)
	w := g.write(t, g.connect(t, in.Addr()), topic)
	r := g.read(t, g.connect(t, out.Addr()), subscription{topic: topic, group: "g"}, &Outlet{})
	written := numbered(0, 2000, 16)
	turn := 0
	for part := range slices.Chunk(written, 400) {
		w.sendAll(part, 20)
		r.until(t, "something of it comes", func(read []Record) bool { return len(read) > turn*100 })
		if turn > 0 {
			happen(turn, in, out)
		}
		turn++
	}
	w.wait(t)
	l := g.judge(written, r.all(t, written))
	l.whole(t, false)
	t.Logf("%d records came twice, %d batches were written again", l.duplicates, w.retries)
	for _, relay := range []*Relay{in, out} {
		if relay.Received() < 1000 {
			t.Errorf("only %d bytes came over the relay: the connections do not go to the address of Config", relay.Received())
		}
	}
}

func reconnect(t *testing.T, g *rig) {
	g.traffic(t, func(turn int, relays ...*Relay) {
		relays[turn%2].Cut()
		if turn == 3 {
			relays[1].Shut()
			time.Sleep(100 * time.Millisecond) // some attempts fail
			relays[1].Open()
		}
	})
}

func stall(t *testing.T, g *rig) {
	g.traffic(t, func(turn int, relays ...*Relay) {
		relay := relays[turn%2]
		relay.Stall()
		time.Sleep(200 * time.Millisecond) // that is the fault
		if turn >= 2 {
			relay.Cut()
		}
		relay.Resume()
	})
}

func kill(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 500, 16)
	relay := NewRelay(t, g.Addr)
	out := &Outlet{}
	out.Hold()
	r := g.read(t, g.connect(t, relay.Addr()), subscription{topic: topic, group: "g"}, out)
	r.trickle(t, w, written[:200], 10)
	w.sendAll(written[200:], 10)
	w.wait(t)
	k := 0
	acked := out.AckThrough(func(Record) bool { k++; return k > 20 })
	relay.Shut()
	r.cancel()
	next := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	left := slices.DeleteFunc(slices.Clone(written), func(x Record) bool {
		return slices.ContainsFunc(acked, func(y Record) bool { return x.Value == y.Value })
	})
	l := g.judge(left, next.all(t, left))
	l.foreign = 0 // what was acknowledged may come again: the connection broke before the bus was told
	l.whole(t, false)
}

func absentAtStart(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	relay := NewRelay(t, g.Addr)
	relay.Shut()
	w := g.write(t, g.connect(t, relay.Addr()), topic)
	r := g.read(t, g.connect(t, relay.Addr()), subscription{topic: topic, group: "g"}, &Outlet{})
	written := numbered(0, 100, 16)
	go w.send(written)
	time.Sleep(200 * time.Millisecond) // some attempts fail
	relay.Open()
	g.judge(written, r.all(t, written)).whole(t, false)
}

func stopsWithoutServer(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	relay := NewRelay(t, g.Addr)
	conn := g.connect(t, relay.Addr())
	w := g.write(t, conn, topic)
	r := g.read(t, conn, subscription{topic: topic, group: "g"}, &Outlet{})
	written := numbered(0, 10, 0)
	w.send(written)
	r.all(t, written)
	relay.Shut()
	go w.send(numbered(10, 10, 0))
	time.Sleep(50 * time.Millisecond) // the write is under way
	r.Stop(t)
	w.cancel()
	w.close(t)
}

func status(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	relay := NewRelay(t, g.Addr)
	conn := g.connect(t, relay.Addr())
	m, ok := conn.(plugins.Monitored)
	if !ok {
		t.Fatal("the connection is no plugins.Monitored")
	}
	r := g.read(t, conn, subscription{topic: topic, group: "g"}, &Outlet{})
	w := g.write(t, g.connect(t, g.Addr), topic)
	g.within(t, "the connection says that it is connected", func() bool { return m.Status().Connected })
	relay.Shut()
	g.within(t, "the connection says that it is not connected, and why", func() bool {
		s := m.Status()
		return !s.Connected && s.Err != ""
	})
	t.Logf("what the user reads: %s", m.Status().Err)
	relay.Open()
	g.within(t, "the connection is connected again, and says so", func() bool {
		s := m.Status()
		return s.Connected && s.Reconnects > 0
	})
	written := numbered(0, 10, 0)
	w.send(written)
	r.all(t, written)
}

// outage writes and reads while the server goes away and comes back.
func (g *rig) outage(t *testing.T, happen func(testing.TB)) {
	t.Helper()
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	first, second, third := numbered(0, 500, 16), numbered(500, 500, 16), numbered(1000, 500, 16)
	w.sendAll(first, 20)
	w.wait(t)
	happen(t) // what nobody has read yet must be there afterwards
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	r.all(t, first)
	go func() {
		w.sendAll(second, 20)
		w.sendAll(third, 20)
	}()
	happen(t)
	written := slices.Concat(first, second, third)
	l := g.judge(written, r.all(t, written))
	w.wait(t)
	l.whole(t, false)
	t.Logf("%d records came twice, %d batches were written again", l.duplicates, w.retries)
}

func serverRestart(t *testing.T, g *rig) { g.outage(t, g.Restart) }

func serverKill(t *testing.T, g *rig) { g.outage(t, g.Kill) }
