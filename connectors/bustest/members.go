package bustest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// divided waits until the partitions are divided among readers, each of which has some.
func (g *rig) divided(t testing.TB, readers ...*reader) {
	t.Helper()
	g.within(t, "the partitions are divided", func() bool {
		seen := map[int32]int{}
		for _, r := range readers {
			as := r.out.Assignments()
			if len(as) == 0 && len(readers) <= g.partitions() {
				return false
			}
			for _, a := range as {
				seen[a.Partition.ID]++
				if seen[a.Partition.ID] > 1 {
					return false // on its way from one to the other
				}
			}
		}
		return len(seen) == g.partitions()
	})
}

// together waits until all records came to some of the readers.
func (g *rig) together(t testing.TB, written []Record, readers ...*reader) []Record {
	t.Helper()
	var read []Record
	g.within(t, "all that was written comes to somebody", func() bool {
		read = nil
		for _, r := range readers {
			read = append(read, r.out.Records()...)
		}
		return every(written)(read)
	})
	return read
}

func rebalance(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	join := func() *reader {
		return g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	}
	all := []*reader{join()}
	g.divided(t, all...)
	var written []Record
	more := func() {
		next := numbered(len(written), 400, 64)
		written = append(written, next...)
		w.sendAll(next, 20)
	}
	more()
	for range 3 {
		r := join()
		all = append(all, r)
		more()
		g.divided(t, all[0], r)
		more()
		r.Stop(t)
		more()
		g.divided(t, all[0])
	}
	read := g.together(t, written, all...)
	l := g.judge(written, read)
	l.disorder = "" // across readers, nobody knows what came first; within each:
	l.whole(t, true)
	for _, r := range all {
		if d := g.judge(written, r.out.Records()).disorder; d != "" {
			t.Errorf("the order is broken: %s", d)
		}
	}
}

func handoff(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 500, 64)
	w.sendAll(written, 50)
	w.wait(t)
	out := &Outlet{owner: "bustest"}
	out.Hold()
	a := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	a.all(t, written)
	before := map[plugins.Partition]int64{}
	for _, x := range out.Assignments() {
		before[x.Partition] = x.Generation
	}
	b := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	time.Sleep(200 * time.Millisecond) // enough for a bus that does not wait
	if as := b.out.Assignments(); len(as) > 0 {
		t.Errorf("a member was given %v while another still works on it", as)
	}
	out.Free()
	g.divided(t, a, b)
	for _, x := range b.out.Assignments() {
		if x.Committed == nil {
			t.Errorf("the position of %v was not told to whom it was given", x.Partition)
		}
		if x.Generation <= before[x.Partition] {
			t.Errorf("the generation of %v did not grow: it was %d, and is %d", x.Partition, before[x.Partition], x.Generation)
		}
		if x.Owner != "bustest" {
			t.Errorf("the position of %v is said to be of %q, and was committed by %q", x.Partition, x.Owner, "bustest")
		}
	}
	next := numbered(500, 500, 64)
	w.sendAll(next, 50)
	written = append(written, next...)
	l := g.judge(written, g.together(t, written, a, b))
	l.disorder = ""
	l.whole(t, true)
}

func takeover(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	out := &Outlet{}
	a := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	b := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	g.divided(t, a, b)
	out.Hold()
	written := numbered(0, 500, 64)
	w.sendAll(written, 50)
	w.wait(t)
	g.together(t, written, a, b)
	unfinished := slices.Clone(out.Records())
	a.Stop(t)
	g.divided(t, b)
	b.all(t, unfinished)
	g.judge(written, g.together(t, written, b)).whole(t, true)
}

// busy is an engine whose stages work on the same records for too long: it cannot store what is to
// be another member's.
type busy struct{ *Outlet }

// Revoking implements [plugins.Assignments].
func (busy) Revoking(context.Context, []plugins.Partition) error { return errUnfinished }

func stuckMember(t *testing.T, g *rig) {
	const group = "stuck" // of its own: Kafka divides all topics of a group at once, and those of other tests would wait
	for _, c := range []struct {
		name   string
		engine func(*Outlet) plugins.Outlet
	}{
		{"its sink does not answer", func(o *Outlet) plugins.Outlet { return o }},
		{"a stage is busy", func(o *Outlet) plugins.Outlet { return busy{o} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			topic := g.topic(t, group)
			w := g.write(t, g.connect(t, g.Addr), topic)
			written := numbered(0, 500, 64)
			w.sendAll(written, 50)
			w.wait(t)
			in := subscription{topic: topic, group: group}
			out := &Outlet{owner: "bustest"}
			out.Hold()
			a := &reader{Running: Start(t, g.source(t, g.connect(t, g.Addr), in), c.engine(out)), out: out, rig: g}
			a.all(t, written)
			b := g.read(t, g.connect(t, g.Addr), in, &Outlet{})
			g.divided(t, a, b)
			finished := out.AckThrough(func(Record) bool { return false })
			seen := every(written)
			b.until(t, "what was taken away unfinished comes again", func(read []Record) bool { return seen(slices.Concat(finished, read)) })
			out.Free()
			next := numbered(500, 500, 64)
			w.sendAll(next, 50)
			written = append(written, next...)
			l := g.judge(written, g.together(t, written, a, b))
			l.disorder = ""
			l.whole(t, false)
			for _, r := range []*reader{a, b} {
				if d := g.judge(written, r.out.Records()).disorder; d != "" {
					t.Errorf("the order is broken: %s", d)
				}
			}
			g.divided(t, a, b) // the member is still one
		})
	}
}
