package bustest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func backPressure(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	addr, total := g.Addr, int64(4<<20)
	var relay *Relay
	if g.Addr != "" {
		relay = NewRelay(t, g.Addr)
		addr, total = relay.Addr(), g.Features.MaxReadAhead+16<<20
	}
	const size = 16 << 10
	written := make([]Record, total/size)
	for i := range written {
		key := fmt.Sprintf("key-%d", i%64)
		written[i].Key = key
		written[i].Value = fmt.Sprintf("%s#%d %s", key, i, noise(size))
	}
	out := &Outlet{}
	out.Block()
	r := g.read(t, g.connect(t, addr), subscription{topic: topic, group: "g"}, out)
	w.sendAll(written, 32)
	w.wait(t)
	g.within(t, "the source waits in Hand", func() bool {
		out.mu.Lock()
		defer out.mu.Unlock()
		return out.waiting > 0
	})
	if relay != nil {
		last := int64(-1)
		g.within(t, "the source stops reading", func() bool {
			before := last
			last = relay.Received()
			time.Sleep(200 * time.Millisecond) // what is read in that time must be next to nothing
			return last-before < 64<<10 && before >= 0
		})
		if last > g.Features.MaxReadAhead {
			t.Errorf("the source has read %d bytes of %d while nothing was taken from it", last, total)
		}
	}
	if n := len(out.Records()); n > 0 {
		t.Errorf("%d records came while Hand was blocked", n)
	}
	out.Unblock()
	r.count(t, len(written))
	g.judge(written, out.Records()).whole(t, true)
}

// noise returns text that cannot be compressed.
func noise(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[rand.N(len(letters))]
	}
	return string(b)
}

func deadLetter(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	written := numbered(0, 10, 8)
	large := Record{Value: noise(g.Features.TooLarge)}
	w.send(slices.Insert(slices.Clone(written), 5, large))
	w.send(numbered(10, 10, 8))
	w.wait(t)
	if len(w.failed) != 1 || w.failed[0].Value != large.Value || w.why[0].Msg == "" {
		t.Errorf("%d records were refused, and it should be the one that is too large: %v", len(w.failed), w.why)
	} else {
		t.Logf("what the user reads: %s", w.why[0].Msg)
	}
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	written = append(written, numbered(10, 10, 8)...)
	g.judge(written, r.all(t, written)).whole(t, true)
}

func poison(t *testing.T, g *rig) {
	topic := g.topic(t, "g")
	w := g.write(t, g.connect(t, g.Addr), topic)
	first, second := numbered(0, 10, 8), numbered(10, 10, 8)
	w.send(first)
	w.wait(t)
	g.Poison(t, topic)
	w.send(second)
	w.wait(t)
	r := g.read(t, g.connect(t, g.Addr), subscription{topic: topic, group: "g"}, &Outlet{})
	r.all(t, slices.Concat(first, second))
}
