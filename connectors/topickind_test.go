package connectors_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// notes is a bus that only notes what it was asked for.
type notes struct {
	read  *connectors.Subscription
	wrote *connectors.Publication
}

func (n *notes) Reader(s connectors.Subscription, _ plugins.Env) (plugins.Source, error) {
	n.read = &s
	return nil, nil
}

func (n *notes) Writer(p connectors.Publication, _ plugins.Env) (plugins.Sink, error) {
	n.wrote = &p
	return nil, nil
}

func (n *notes) Close(context.Context) error { return nil }

// text is an expression that is the same for each record; "" for one that is not.
type text string

func (text) Type() plugins.Type                      { return plugins.Of(plugins.String) }
func (text) Reads() []plugins.Field                  { return nil }
func (text) Evaluator(plugins.Env) plugins.Evaluator { return nil }
func (x text) String() string                        { return string(x) }
func (text) Range() string                           { return "" }
func (x text) Constant() (plugins.Value, bool) {
	return plugins.Value{Kind: plugins.String, Text: string(x)}, x != ""
}

// both is a kind of connector that reads and writes.
func both() plugins.ConnectorKind {
	can := func(plugins.Config) (plugins.Capabilities, error) { return plugins.Capabilities{Ordered: true}, nil }
	return plugins.ConnectorKind{Name: "both", Service: connectors.Service, Reads: can, Writes: can}
}

func topicKinds(t *testing.T) (plugins.SourceKind, plugins.SinkKind) {
	t.Helper()
	var r plugins.Registry
	if err := connectors.Register(&r); err != nil {
		t.Fatal(err)
	}
	source, _ := r.Source("topic")
	sink, _ := r.Sink("topic")
	return source, sink
}

func TestTopicSource(t *testing.T) {
	t.Parallel()
	kind, _ := topicKinds(t)
	since := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		values map[string]any
		want   connectors.Subscription
	}{
		{map[string]any{"topic": "plant.>"}, connectors.Subscription{Topic: "plant.>", Group: "pipe.source.in", Start: connectors.StartEarliest}},
		{map[string]any{"topic": "a", "group": "g", "start": "latest"}, connectors.Subscription{Topic: "a", Group: "g", Start: connectors.StartLatest}},
		{map[string]any{"topic": "a", "start": "timestamp", "start_at": "2026-01-31T08:00:00Z"}, connectors.Subscription{Topic: "a", Group: "pipe.source.in", Start: connectors.StartTimestamp, Since: since}},
	} {
		config := bustest.Block(kind.Schema, c.values).WithConnector(both(), plugins.NewConfig(nil))
		if err := kind.Check(config); err != nil {
			t.Fatalf("%v: %v", c.values, err)
		}
		if !kind.Capabilities(config).Ordered {
			t.Errorf("%v: the capabilities are not those of the connector", c.values)
		}
		bus := &notes{}
		if _, err := kind.New(config, plugins.Env{Pipeline: "pipe", Stage: "source.in", Connection: bus}); err != nil {
			t.Fatal(err)
		}
		if *bus.read != c.want {
			t.Errorf("%v: the bus is asked for %+v", c.values, *bus.read)
		}
	}
}

func TestTopicSourceIsRefused(t *testing.T) {
	t.Parallel()
	kind, _ := topicKinds(t)
	mute := both()
	mute.Reads = nil
	header := plugins.Shape{Format: "csv", Options: plugins.NewConfig(map[string]any{"header": true})}
	for says, c := range map[string]plugins.Config{
		`topic: "a b" cannot be the name of a topic`:                              bustest.Block(kind.Schema, map[string]any{"topic": "a b"}),
		`start: say since when: start_at = "2026-01-31T08:00:00Z"`:                bustest.Block(kind.Schema, map[string]any{"topic": "a", "start": "timestamp"}),
		`start_at: it is for start = "timestamp"; write that, or leave it out`:    bustest.Block(kind.Schema, map[string]any{"topic": "a", "start_at": "2026-01-31T08:00:00Z"}),
		`start_at: "soon" is no time: write it like "2026-01-31T08:00:00Z"`:       bustest.Block(kind.Schema, map[string]any{"topic": "a", "start": "timestamp", "start_at": "soon"}),
		`format: a message of a topic is one record and has no header row: write`: bustest.Block(kind.Schema, map[string]any{"topic": "a"}).WithPayload(header),
		`via: topics cannot be read over a connection of kind both`:               bustest.Block(kind.Schema, map[string]any{"topic": "a"}).WithConnector(mute, plugins.NewConfig(nil)),
	} {
		if k, _ := c.Connector(); k.Name == "" {
			c = c.WithConnector(both(), plugins.NewConfig(nil))
		}
		if err := kind.Check(c); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("the error is %v, and should begin with %s", err, says)
		}
	}
	fine := bustest.Block(kind.Schema, map[string]any{"topic": "a"}).WithConnector(both(), plugins.NewConfig(nil))
	if _, err := kind.New(fine, plugins.Env{}); err == nil || !strings.Contains(err.Error(), "its connection has no topics") {
		t.Errorf("without a bus, the error is %v", err)
	}
}

func TestTopicSink(t *testing.T) {
	t.Parallel()
	_, kind := topicKinds(t)
	if kind.Topic != "topic" || kind.Body != "body" || !kind.Headers || !kind.Payload {
		t.Errorf("the kind is %+v", kind)
	}
	for topic, want := range map[text]connectors.Topic{"cmd.a": "cmd.a", "": ""} {
		c := bustest.Block(kind.Schema, map[string]any{"topic": topic}).WithConnector(both(), plugins.NewConfig(nil))
		if err := kind.Check(c); err != nil {
			t.Fatal(err)
		}
		bus := &notes{}
		if _, err := kind.New(c, plugins.Env{Connection: bus}); err != nil {
			t.Fatal(err)
		}
		if bus.wrote.Topic != want {
			t.Errorf("of the topic %q, the bus is asked for %q", topic, bus.wrote.Topic)
		}
	}
	mute := both()
	mute.Writes = nil
	for says, c := range map[string]plugins.Config{
		`topic: "a b" cannot be the name of a topic`:                                                     bustest.Block(kind.Schema, map[string]any{"topic": text("a b")}),
		`topic: "a.*" stands for several topics, and a record goes to one: write a name without * and >`: bustest.Block(kind.Schema, map[string]any{"topic": text("a.*")}),
		`via: topics cannot be written over a connection of kind both`:                                   bustest.Block(kind.Schema, map[string]any{"topic": text("a")}).WithConnector(mute, plugins.NewConfig(nil)),
	} {
		if k, _ := c.Connector(); k.Name == "" {
			c = c.WithConnector(both(), plugins.NewConfig(nil))
		}
		if err := kind.Check(c); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("the error is %v, and should begin with %s", err, says)
		}
	}
}
