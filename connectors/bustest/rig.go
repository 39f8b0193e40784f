package bustest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// rig is a bus with what its tests share.
type rig struct {
	Bus
	registry *plugins.Registry
	kind     plugins.ConnectorKind
	reads    plugins.Capabilities
	writes   plugins.Capabilities
	topics   atomic.Int64
	made     time.Time
}

func newRig(t testing.TB, bus Bus) *rig {
	t.Helper()
	g := &rig{Bus: bus, registry: &plugins.Registry{}, made: time.Now()}
	if g.Patience == 0 {
		g.Patience = time.Minute
	}
	if g.Features.Window == 0 {
		g.Features.Window = 1000
	}
	if g.Features.MaxReadAhead == 0 {
		g.Features.MaxReadAhead = 16 << 20
	}
	for _, register := range []func(*plugins.Registry) error{connectors.Register, bus.Register} {
		if err := register(g.registry); err != nil {
			t.Fatal(err)
		}
	}
	kind, ok := g.registry.Connector(bus.Kind)
	if !ok {
		t.Fatalf("no kind %q is registered", bus.Kind)
	}
	g.kind = kind
	var err error
	if kind.Reads != nil {
		if g.reads, err = kind.Reads(g.sourceConfig(t, g.Config(t, bus.Addr), subscription{topic: "a.b"})); err != nil {
			t.Fatal(err)
		}
	}
	if kind.Writes != nil {
		if g.writes, err = kind.Writes(g.sinkConfig(t, g.Config(t, bus.Addr), "a.b")); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// earliest reports whether a group that was never joined is given what was written before.
func (g *rig) earliest() bool {
	return slices.Contains(g.Features.Starts, connectors.StartEarliest)
}

// partitions returns the number of partitions of a topic, 1 where the bus has none.
func (g *rig) partitions() int { return max(g.Features.Partitions, 1) }

// topic returns the name of a topic that nobody has used. Groups are joined where
// the bus would otherwise keep nothing for them.
func (g *rig) topic(t testing.TB, groups ...string) string {
	t.Helper()
	name := fmt.Sprintf("onstream.t%d.n%d", g.made.UnixNano()%1e9, g.topics.Add(1))
	if g.earliest() {
		return name
	}
	for _, group := range groups {
		r := g.read(t, g.connect(t, g.Addr), subscription{topic: name, group: group}, &Outlet{})
		g.prime(t, r, name)
		r.Stop(t)
	}
	return name
}

// some returns a number of records that are enough to prove something: fewer where one comes
// after the other.
func (g *rig) some(n int) int {
	if g.Features.Window == 1 {
		return n / 5
	}
	return n
}

// probe is the value of records that only find out whether somebody reads.
const probe = "probe"

// prime writes until the reader brings something.
func (g *rig) prime(t testing.TB, r *reader, topic string) {
	t.Helper()
	w := g.write(t, g.connect(t, g.Addr), topic)
	g.within(t, "a first record comes", func() bool {
		w.send([]Record{{Value: probe}})
		w.wait(t)
		time.Sleep(20 * time.Millisecond) // a probe is lost where nobody reads yet: it is the next that counts
		r.out.mu.Lock()
		defer r.out.mu.Unlock()
		return r.out.probes > 0
	})
	w.close(t)
}

// within waits until a condition holds, and ends the test when it does not in
// the bus's patience.
func (g *rig) within(t testing.TB, what string, holds func() bool) {
	t.Helper()
	within(t, g.Patience, what, holds)
}

// env is Env of which a test that fails tells what was logged.
func (g *rig) env(t testing.TB, stage string) plugins.Env {
	env, said := Env(stage), &Journal{}
	env.Logger = said.Logger()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s: %s", stage, said)
		}
	})
	return env
}

func (g *rig) connect(t testing.TB, addr string) connectors.Bus {
	t.Helper()
	env := g.env(t, "connector.bus")
	env.Dir = t.TempDir()
	return Connect(t, g.kind, g.Config(t, addr), env)
}

func (g *rig) sourceConfig(t testing.TB, bus plugins.Config, s subscription) plugins.Config {
	t.Helper()
	kind, _ := g.registry.Source("topic")
	values := map[string]any{"topic": s.topic}
	if s.group != "" {
		values["group"] = s.group
	}
	if s.start != "" {
		values["start"] = string(s.start)
	}
	if !s.since.IsZero() {
		values["start_at"] = s.since.Format(time.RFC3339Nano)
	}
	c := Block(kind.Schema, values).WithPayload(plugins.Shape{Format: "json"}).WithConnector(g.kind, bus)
	if err := kind.Check(c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (g *rig) sinkConfig(t testing.TB, bus plugins.Config, topic string) plugins.Config {
	t.Helper()
	kind, _ := g.registry.Sink("topic")
	c := Block(kind.Schema, map[string]any{"topic": constant(topic)}).WithPayload(plugins.Shape{Format: "json"}).WithConnector(g.kind, bus)
	if topic == "" {
		return c
	}
	if err := kind.Check(c); err != nil {
		t.Fatal(err)
	}
	return c
}
