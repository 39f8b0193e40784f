package bustest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

func offsets(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 1000, 16)
	w.sendAll(written, 100)
	w.wait(t)
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	last := map[plugins.Partition]int64{}
	for _, x := range r.all(t, written) {
		if before, any := last[x.Part]; any && x.Offset <= before {
			t.Fatalf("in %v, the offset %d comes after %d", x.Part, x.Offset, before)
		}
		last[x.Part] = x.Offset
	}
}

func seek(t *testing.T, g *rig) {
	topic := g.topic(t, "g", "other")
	w := g.write(t, g.connect(t, g.Addr), topic)
	conn := g.connect(t, g.Addr)
	first, second := numbered(0, 700, 16), numbered(700, 700, 16)
	w.sendAll(first, 100)
	w.wait(t)
	r := g.read(t, conn, subscription{topic: topic, group: "g"}, &Outlet{})
	r.all(t, first)
	at := r.out.Positions()
	w.sendAll(second, 100)
	w.wait(t)
	r.all(t, second)
	r.Stop(t) // the group stands at the end now
	for _, group := range []string{"g", "other"} {
		r := g.read(t, conn, subscription{topic: topic, group: group, from: at}, &Outlet{})
		g.judge(second, r.all(t, second)).whole(t, true)
		r.quiet(t)
		r.Stop(t)
	}
}

// starts reports whether a bus declares a place to begin.
func starts(at connectors.Start) func(*rig) bool {
	return func(g *rig) bool { return slices.Contains(g.Features.Starts, at) }
}

func startEarliest(t *testing.T, g *rig) {
	topic := g.topic(t)
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 100, 16)
	w.send(written)
	w.wait(t)
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g", start: connectors.StartEarliest}, &Outlet{})
	g.judge(written, r.all(t, written)).whole(t, true)
}

func startLatest(t *testing.T, g *rig) {
	topic := g.topic(t)
	w := g.write(t, g.connect(t, g.Addr), topic)
	w.send(numbered(0, 100, 16))
	w.wait(t)
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g", start: connectors.StartLatest}, &Outlet{})
	for range g.partitions() {
		g.prime(t, r, topic)
	}
	second := numbered(100, 100, 16)
	w.send(second)
	w.wait(t)
	g.judge(second, r.all(t, second)).whole(t, true)
}

func startTimestamp(t *testing.T, g *rig) {
	topic := g.topic(t)
	w := g.write(t, g.connect(t, g.Addr), topic)
	w.send(numbered(0, 100, 16))
	w.wait(t)
	time.Sleep(1100 * time.Millisecond) // servers may count in seconds
	since := time.Now()
	time.Sleep(100 * time.Millisecond)
	second := numbered(100, 100, 16)
	w.send(second)
	w.wait(t)
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g", start: connectors.StartTimestamp, since: since}, &Outlet{})
	g.judge(second, r.all(t, second)).whole(t, true)
}

func startCommitted(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	conn := g.connect(t, g.Addr)
	w := g.write(t, conn, topic)
	first, second := numbered(0, 100, 16), numbered(100, 100, 16)
	w.send(first)
	w.wait(t)
	if g.partitions() == 1 { // otherwise a partition without records has no position
		r := g.read(t, conn, subscription{topic: topic, group: "g"}, &Outlet{})
		r.all(t, first)
		r.Stop(t)
		w.send(second)
		w.wait(t)
		r = g.read(t, conn, subscription{topic: topic, group: "g", start: connectors.StartCommitted}, &Outlet{})
		g.judge(second, r.all(t, second)).whole(t, true)
		r.Stop(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), g.Patience)
	defer cancel()
	err := g.source(t, conn, subscription{topic: topic, group: "nobody", start: connectors.StartCommitted}).Run(ctx, &Outlet{})
	if !plugins.IsPermanent(err) {
		t.Errorf("a group that stands nowhere began, or ended with %v", err)
	} else {
		t.Logf("what the user reads: %v", err)
	}
}

func browse(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	conn := g.connect(t, g.Addr)
	w := g.write(t, conn, topic)
	written := numbered(0, 300, 16)
	parsed, err := connectors.ParseTopic(topic)
	if err != nil {
		t.Fatal(err)
	}
	source, err := conn.Reader(connectors.Subscription{Topic: parsed, Group: "nobody", Start: connectors.StartEarliest, Browse: true}, Env("browse"))
	if err != nil {
		t.Fatal(err)
	}
	if !g.earliest() {
		g.prime(t, g.run(t, source, &Outlet{}), topic)
	}
	w.sendAll(written, 100)
	w.wait(t)
	if g.earliest() {
		looker := g.run(t, source, &Outlet{})
		g.judge(written, looker.all(t, written)).whole(t, true)
		looker.Stop(t)
	}
	r := g.read(t, conn, subscription{topic: topic, group: "g"}, &Outlet{})
	g.judge(written, r.all(t, written)).whole(t, true)
	b, ok := conn.(connectors.Browser)
	if !ok {
		t.Fatal("the connection is no connectors.Browser")
	}
	topics, err := b.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(topics, func(i connectors.TopicInfo) bool { return i.Name == topic })
	if at < 0 {
		t.Fatalf("the topic %s is not among those listed: %v", topic, topics)
	}
	if i := topics[at]; i.Partitions != g.Features.Partitions && g.Features.Partitions > 0 || i.Records >= 0 && i.Records < int64(len(written)) {
		t.Errorf("the topic is listed as %+v, and has %d partitions and %d records", i, g.Features.Partitions, len(written))
	}
}
