package bustest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

var errUnfinished = errors.New("not finished, on purpose")

func window(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, g.Features.Window, 8)
	w.sendAll(written, 100)
	w.wait(t)
	out := &Outlet{}
	out.Hold()
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	g.judge(written, r.all(t, written)).whole(t, true)
	out.Free()
}

func slowAcks(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 4*g.Features.Window, 8)
	out := &Outlet{}
	out.Hold()
	stop := make(chan struct{})
	stopped := make(chan struct{})
	rounds := 0 // in which something was acknowledged
	go func() { // as a sink that flushes every 20 ms
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				if len(out.AckThrough(func(Record) bool { return false })) > 0 {
					rounds++
				}
			}
		}
	}()
	end := sync.OnceFunc(func() { close(stop); <-stopped })
	defer end()
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	w.sendAll(written, 100)
	read := r.all(t, written)
	end()
	g.judge(written, read).whole(t, true)
	// One record for each acknowledgement would take as many; a tenth of it is much.
	if limit := len(written) / 10; rounds > limit {
		t.Errorf("%d records took %d acknowledgements, one after the other: they wait for them", len(written), rounds)
	}
}

func ackWait(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 100, 8)
	w.send(written)
	w.wait(t)
	out := &Outlet{}
	out.Hold()
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	r.all(t, written)
	time.Sleep(3 * g.Features.AckWait) // nothing is to happen meanwhile
	g.judge(written, out.Records()).whole(t, true)
	out.Free()
	r.Stop(t)
	next := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	next.quiet(t)
	if n := len(next.out.Records()); n > 0 {
		t.Errorf("%d records came again although they were acknowledged", n)
	}
}

func orderAfterNack(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	first, second := numbered(0, 300, 8), numbered(300, 300, 8)
	out := &Outlet{}
	out.Hold()
	conn := g.connect(t, g.Addr)
	r := g.read(t, conn, subscription{topic: topic, group: "g"}, out)
	some := first[:min(len(first), g.Features.Window)]
	r.trickle(t, w, some, 10)
	w.sendAll(first[len(some):], 10)
	if k := 0; len(some) > 30 {
		out.AckThrough(func(Record) bool { k++; return k > 30 })
	}
	n := len(out.Records())
	refused := out.Nack(errUnfinished)
	out.Free()
	if !g.Features.Rewinds {
		r.Stop(t)
		out, n = &Outlet{}, 0
		r = g.read(t, conn, subscription{topic: topic, group: "g"}, out)
	}
	w.sendAll(second, 10)
	open := slices.Concat(refused, first[len(some):], second)
	seen := every(open)
	read := r.until(t, "what was refused comes again", func(read []Record) bool {
		if len(read) < n {
			return false
		}
		return seen(read[n:])
	})
	l := g.judge(append(slices.Clone(first), second...), read[n:])
	if l.disorder != "" {
		t.Errorf("after a nack, the order is broken: %s", l.disorder)
	}
	if l.foreign > 0 {
		t.Errorf("%d records came that nobody wrote", l.foreign)
	}
}

func ownGroups(t *testing.T, g *rig) {
	topic := g.topic(t, "one", "two")
	conn := g.connect(t, g.Addr)
	w := g.write(t, conn, topic)
	first, second := numbered(0, 500, 8), numbered(500, 500, 8)
	w.sendAll(first, 100)
	w.wait(t)
	r := g.read(t, conn, subscription{topic: topic, group: "one"}, &Outlet{})
	g.judge(first, r.all(t, first)).whole(t, true)
	r.Stop(t)
	w.sendAll(second, 100)
	w.wait(t)
	r = g.read(t, conn, subscription{topic: topic, group: "one"}, &Outlet{})
	l := g.judge(second, r.all(t, second))
	if l.foreign <= g.Features.ClosingDuplicates {
		l.foreign = 0
	}
	l.whole(t, true)
	other := g.read(t, conn, subscription{topic: topic, group: "two"}, &Outlet{})
	both := append(slices.Clone(first), second...)
	g.judge(both, other.all(t, both)).whole(t, true)
}

func noLossOverClose(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, g.some(2000), 8)
	go w.sendAll(written, 10)
	var read []Record
	seen := every(written)
	for range 19 {
		t.Run("closed", func(t *testing.T) { // with its connection: none waits for the answers of another
			out := &Outlet{}
			out.Hold()
			r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
			r.until(t, "something comes", func(more []Record) bool {
				return len(more) > 0 || seen(slices.Clone(read))
			})
			done := out.AckButLast()
			r.Stop(t)
			read = append(read, done...) // of what was acknowledged, nothing needs to come again
		})
	}
	out := &Outlet{}
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	r.until(t, "the rest comes", func(more []Record) bool { return seen(append(slices.Clone(read), more...)) })
	read = append(read, out.Records()...)
	w.wait(t)
	l := g.judge(written, read)
	l.whole(t, false)
}
