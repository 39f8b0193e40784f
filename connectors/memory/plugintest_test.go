package memory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
)

// topicKinds returns the kinds of stages that work over a bus.
func topicKinds(t testing.TB) (plugins.SourceKind, plugins.SinkKind) {
	t.Helper()
	var r plugins.Registry
	if err := errors.Join(connectors.Register(&r), memory.Register(&r)); err != nil {
		t.Fatal(err)
	}
	source, _ := r.Source("topic")
	sink, _ := r.Sink("topic")
	return source, sink
}

// one is a connection, which the suite closes, whose topics have one partition, with its kind and configuration.
func one(t testing.TB) (connectors.Bus, plugins.ConnectorKind, plugins.Config) {
	t.Helper()
	k := kindOf(t)
	c := bustest.Block(k.Schema, map[string]any{"partitions": int64(1)})
	made, err := k.New(c, env())
	if err != nil {
		t.Fatal(err)
	}
	return made.(connectors.Bus), k, c
}

// always is the expression of a topic that is the same for all records.
type always struct{ plugins.Expr }

// Type implements [plugins.Expr].
func (always) Type() plugins.Type { return plugins.Of(plugins.String) }

// Constant implements [plugins.Constant].
func (always) Constant() (plugins.Value, bool) {
	return plugins.Value{Kind: plugins.String, Text: "t"}, true
}

func TestTopicConformsAsSource(t *testing.T) {
	t.Parallel()
	source, _ := topicKinds(t)
	plugintest.Source(t, plugintest.SourceCase{Kind: source, Follows: true, Open: func(t testing.TB) plugintest.Input {
		bus, kind, block := one(t)
		sink, err := bus.Writer(connectors.Publication{Topic: "t"}, env())
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		c := plugintest.Configure(source.Schema, map[string]any{"topic": "t", "group": "g"}).
			WithPayload(plugins.Shape{Format: "json"}).WithConnector(kind, block)
		return plugintest.Input{Config: c, Env: plugins.Env{Connection: bus}, Put: func(value string) error {
			mu.Lock()
			defer mu.Unlock()
			return write(context.Background(), t, sink, value)
		}}
	}})
}

func TestTopicConformsAsSink(t *testing.T) {
	t.Parallel()
	_, sink := topicKinds(t)
	plugintest.Sink(t, plugintest.SinkCase{Kind: sink, Open: func(t testing.TB) plugintest.Target {
		bus, kind, block := one(t)
		c := plugintest.Configure(sink.Schema, map[string]any{"topic": always{}}).
			WithPayload(plugins.Shape{Format: "json"}).WithConnector(kind, block)
		look := &watcher{t: t, bus: bus}
		return plugintest.Target{Config: c, Env: plugins.Env{Connection: bus}, Read: look.read, Close: look.stop}
	}})
}

// watcher looks at the topic from when there is one.
type watcher struct {
	t       testing.TB
	bus     connectors.Bus
	out     bustest.Outlet
	cancel  context.CancelFunc
	ended   chan error
	stopped bool
}

func (w *watcher) read() ([]string, error) {
	topics, err := w.bus.(connectors.Browser).Topics(context.Background())
	if err != nil || len(topics) == 0 || w.stopped {
		return w.out.Values(), err
	}
	if w.ended == nil {
		s, err := w.bus.Reader(connectors.Subscription{Topic: "t", Start: connectors.StartEarliest, Browse: true}, env())
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(context.Background())
		w.cancel, w.ended = cancel, make(chan error, 1)
		go func() { w.ended <- s.Run(ctx, &w.out) }()
	}
	for end := time.Now().Add(10 * time.Second); len(w.out.Values()) < int(topics[0].Records); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return nil, errors.New("not all records of the topic are read")
		}
	}
	return w.out.Values(), nil
}

func (w *watcher) stop() {
	w.stopped = true
	if w.ended != nil {
		w.cancel()
		if err := <-w.ended; err != nil && !errors.Is(err, context.Canceled) {
			w.t.Errorf("look at the topic: %v", err)
		}
	}
}
