package bustest

import (
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// subscription is what a source stage says.
type subscription struct {
	topic string
	group string
	start connectors.Start
	since time.Time
	from  map[plugins.Partition]plugins.Position // of a checkpoint
}

// reader is a source that runs, with what takes its records.
type reader struct {
	*Running
	out *Outlet
	rig *rig
}

// read starts a source, which stops at the end of the test.
func (g *rig) read(t testing.TB, conn connectors.Bus, s subscription, out *Outlet) *reader {
	t.Helper()
	source := g.source(t, conn, s)
	if s.from != nil {
		seeker, ok := source.(plugins.Seeker)
		if !ok {
			t.Fatal("the source is declared seekable, and is no plugins.Seeker")
		}
		if err := seeker.Seek(s.from); err != nil {
			t.Fatal(err)
		}
		out.mu.Lock()
		out.stored = s.from
		out.mu.Unlock()
	}
	if out.owner == "" {
		out.owner = "bustest"
	}
	return g.run(t, source, out)
}

// source makes the source of a stage.
func (g *rig) source(t testing.TB, conn connectors.Bus, s subscription) plugins.Source {
	t.Helper()
	kind, _ := g.registry.Source("topic")
	env := g.env(t, "source.in")
	env.Connection = conn
	source, err := kind.New(g.sourceConfig(t, g.Config(t, g.Addr), s), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func (g *rig) run(t testing.TB, source plugins.Source, out *Outlet) *reader {
	return &reader{Running: Start(t, source, out), out: out, rig: g}
}

// until waits until a condition holds of what was handed over, which is what it
// returns. It ends the test when the source ends before.
func (r *reader) until(t testing.TB, what string, holds func([]Record) bool) []Record {
	t.Helper()
	timeout := time.NewTimer(r.rig.Patience)
	defer timeout.Stop()
	for {
		r.out.mu.Lock()
		changed := r.out.next()
		r.out.mu.Unlock()
		records := r.out.Records()
		if holds(records) {
			return records
		}
		select {
		case <-changed:
		case <-r.ended:
			if records = r.out.Records(); holds(records) {
				return records
			}
			t.Fatalf("the source ended (%v) before %s; %d records came", r.err, what, len(records))
		case <-timeout.C:
			t.Fatalf("after %v, it is still not so that %s; %d records came", r.rig.Patience, what, len(records))
		}
	}
}

// all waits until each of the records came, and returns what did.
func (r *reader) all(t testing.TB, written []Record) []Record {
	t.Helper()
	return r.until(t, "all that was written comes", every(written))
}

// count waits until n records came.
func (r *reader) count(t testing.TB, n int) []Record {
	t.Helper()
	return r.until(t, "enough records come", func(records []Record) bool { return len(records) >= n })
}

// trickle writes a few records at a time, and the next when those came: so they come in many
// deliveries.
func (r *reader) trickle(t testing.TB, w *writer, records []Record, size int) {
	t.Helper()
	n := len(r.out.Records())
	for part := range slices.Chunk(records, size) {
		w.send(part)
		n += len(part)
		r.count(t, n)
	}
}

// quiet reports a test's error if any record comes beyond those that came. It can
// only look for a while: a mistake may go unseen, but nothing that is right fails.
func (r *reader) quiet(t testing.TB) {
	t.Helper()
	before := len(r.out.Records())
	time.Sleep(100 * time.Millisecond)
	if records := r.out.Records(); len(records) > before {
		t.Errorf("%d records more came, the first of them %q", len(records)-before, records[before].Value)
	}
}
