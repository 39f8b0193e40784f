package bustest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func delivery(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	conn := g.connect(t, g.Addr)
	written := numbered(0, g.some(3000), 0)
	for i, odd := range []string{"\x00\xff\xfe", "line\nbreak", "\n", " ", strings.Repeat("long ", 4000), "äöü€😀"} {
		written[50*i+7].Value = odd
	}
	w := g.write(t, conn, topic)
	w.sendAll(written[:500], 250)
	g.write(t, conn, topic).close(t) // a sink that ends leaves others of its connection alone
	w.sendAll(written[500:], 250)
	w.wait(t)
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	read := r.count(t, len(written))
	if g.partitions() == 1 && !slices.Equal(values(read), values(written)) {
		t.Errorf("what came is not what was written, in that order: %s", firstDifference(values(written), values(read)))
	}
	slices.SortFunc(read, byValue)
	slices.SortFunc(written, byValue)
	if !slices.Equal(values(read), values(written)) {
		t.Errorf("what came is not what was written: %s", firstDifference(values(written), values(read)))
	}
	r.quiet(t)
}

func byValue(a, b Record) int { return strings.Compare(a.Value, b.Value) }

func firstDifference(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("record %d is %.60q and should be %.60q", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("there are %d records instead of %d", len(got), len(want))
}

func keys(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	conn := g.connect(t, g.Addr)
	written := numbered(0, 500, 37)
	for i := range written {
		if i%50 == 3 {
			written[i].Key = ""
		}
	}
	written[77].Key = "a key/with.odd things: ä"
	w := g.write(t, conn, topic)
	w.sendAll(written, 100)
	w.wait(t)
	read := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{}).all(t, written)
	want := map[string]string{}
	for _, r := range written {
		want[r.Value] = r.Key
	}
	partition := map[string]int32{}
	for _, r := range read {
		if r.Key != want[r.Value] {
			t.Fatalf("the key of %q is %q and should be %q", r.Value, r.Key, want[r.Value])
		}
		if before, any := partition[r.Key]; any && r.Key != "" && before != r.Part.ID {
			t.Fatalf("records with the key %q are on the partitions %d and %d", r.Key, before, r.Part.ID)
		}
		partition[r.Key] = r.Part.ID
	}
}

// carries writes records with headers and reads them.
func (g *rig) carries(t *testing.T, sets ...[]Header) {
	t.Helper()
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	var written []Record
	for i, set := range sets {
		written = append(written, Record{Value: fmt.Sprintf("#%d", i), Headers: set})
	}
	w.send(written)
	w.wait(t)
	read := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{}).all(t, written)
	for _, r := range read {
		at := slices.IndexFunc(written, func(x Record) bool { return x.Value == r.Value })
		if !slices.Equal(r.Headers, written[at].Headers) {
			t.Errorf("record %s has the headers %q and should have %q", r.Value, r.Headers, written[at].Headers)
		}
	}
}

func headers(t *testing.T, g *rig) {
	g.carries(t,
		nil,
		[]Header{{"Trace-Id", "abc"}, {"Content", "x y"}},
		[]Header{{"B", "2"}, {"A", "1"}, {"C", ""}},
		nil,
	)
}

func duplicateHeaders(t *testing.T, g *rig) {
	g.carries(t, []Header{{"A", "1"}, {"A", "2"}, {"A", "1"}})
}

func binaryHeaders(t *testing.T, g *rig) {
	g.carries(t, []Header{{"Raw", "\x00\x01\xff\r\n"}})
}

func times(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	before := time.Now()
	written := numbered(0, 10, 0)
	w.send(written)
	w.wait(t)
	after := time.Now()
	read := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{}).all(t, written)
	const drift = time.Second // servers round, and have clocks of their own
	for _, r := range read {
		if at := time.Unix(0, r.Time); at.Before(before.Add(-drift)) || at.After(after.Add(drift)) {
			t.Fatalf("record %s says that it was written at %v, and that was between %v and %v", r.Value, at, before, after)
		}
	}
}

func partitions(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 2000, 200)
	w.sendAll(written, 100)
	w.wait(t)
	out := &Outlet{}
	out.Block(0) // the others go on
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, out)
	others := r.until(t, "what is on the other partitions comes", func(read []Record) bool {
		return partitionsOf(read) == g.partitions()-1
	})
	if slices.ContainsFunc(others, func(r Record) bool { return r.Part.ID == 0 }) {
		t.Error("records of a partition came for which Hand was blocked")
	}
	out.Unblock()
	read := r.all(t, written)
	if n := partitionsOf(read); n != g.partitions() {
		t.Errorf("records are on %d partitions, and there are %d", n, g.partitions())
	}
	g.judge(written, read).whole(t, true)
}

func partitionsOf(records []Record) int {
	seen := map[int32]bool{}
	for _, r := range records {
		seen[r.Part.ID] = true
	}
	return len(seen)
}

func patterns(t *testing.T, g *rig) {
	base := g.topic(t)
	conn := g.connect(t, g.Addr)
	one := g.read(t, conn, subscription{topic: base + ".*.temp", group: "one"}, &Outlet{})
	rest := g.read(t, conn, subscription{topic: base + ".d1.>", group: "rest"}, &Outlet{})
	if !g.earliest() {
		g.prime(t, one, base+".d0.temp")
		g.prime(t, rest, base+".d1.probe")
	}
	w := g.write(t, g.connect(t, g.Addr), "")
	var written []Record
	for i, name := range []string{".d1.temp", ".d2.temp", ".d1.hum", ".d1.a.b", ".temp", ".d3.temp.x"} {
		written = append(written, Record{Topic: base + name, Value: fmt.Sprintf("#%d", i)})
	}
	w.send(written)
	w.wait(t)
	for _, c := range []struct {
		r    *reader
		want []string
	}{{one, []string{"#0", "#1"}}, {rest, []string{"#0", "#2", "#3"}}} {
		read := c.r.count(t, len(c.want))
		slices.SortFunc(read, byValue)
		if !slices.Equal(values(read), c.want) {
			t.Errorf("the pattern brought %q and should bring %q", values(read), c.want)
		}
		for _, r := range read {
			at := slices.IndexFunc(written, func(x Record) bool { return x.Value == r.Value })
			if r.Topic != written[at].Topic {
				t.Errorf("record %s is said to be of the topic %q, and is of %q", r.Value, r.Topic, written[at].Topic)
			}
		}
		c.r.quiet(t)
	}
}

func topicsOfRecords(t *testing.T, g *rig) {
	a, b := g.topic(t, "g"), g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), "")
	written := numbered(0, 100, 0)
	for i := range written {
		written[i].Topic = []string{a, b}[i%2]
	}
	w.send(written)
	w.wait(t)
	conn := g.connect(t, g.Addr)
	for k, topic := range []string{a, b} {
		r := g.read(t, conn, subscription{topic: topic, group: "g"}, &Outlet{})
		for _, x := range r.count(t, 50) {
			at := slices.IndexFunc(written, func(y Record) bool { return y.Value == x.Value })
			if at < 0 || at%2 != k {
				t.Fatalf("record %q came from the topic of others", x.Value)
			}
		}
		r.quiet(t)
	}
}
