package memory_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/plugins"
)

func env() plugins.Env {
	return plugins.Env{
		Pipeline: "p", Stage: "connector.bus", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: &plugins.Pool{},
		Framing: plugins.Framing{Terminator: []byte("\n")}, Owner: "o",
	}
}

// kinds returns the kind of a registry of its own.
func kinds(t testing.TB) plugins.ConnectorKind {
	t.Helper()
	var r plugins.Registry
	if err := memory.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("memory")
	return kind
}

func connection(t testing.TB, values map[string]any, e plugins.Env) connectors.Bus {
	t.Helper()
	return connect(t, kinds(t), values, e)
}

func connect(t testing.TB, kind plugins.ConnectorKind, values map[string]any, e plugins.Env) connectors.Bus {
	t.Helper()
	c, err := kind.New(bustest.Block(kind.Schema, values), e)
	if err != nil {
		t.Fatal(err)
	}
	return c.(connectors.Bus)
}

// open returns the two ends of a topic.
func open(t testing.TB, conn connectors.Bus, topic string) (plugins.Sink, plugins.Source) {
	t.Helper()
	sink, err := conn.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, env())
	if err != nil {
		t.Fatal(err)
	}
	return sink, reader(t, conn, connectors.Subscription{Topic: connectors.Topic(topic), Group: "g", Start: connectors.StartEarliest}, env())
}

func reader(t testing.TB, conn connectors.Bus, s connectors.Subscription, e plugins.Env) plugins.Source {
	t.Helper()
	source, err := conn.Reader(s, e)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// start runs a source until the test ends or stop is called.
func start(t testing.TB, source plugins.Source, out plugins.Outlet) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = source.Run(ctx, out)
	}()
	stop = func() error {
		cancel()
		<-ended
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

// write gives a sink a batch of values.
func write(ctx context.Context, t testing.TB, sink plugins.Sink, values ...string) error {
	t.Helper()
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env().Framing)
	for _, v := range values {
		w.Add(connectors.Record{Value: []byte(v), Key: []byte(v)})
	}
	b := w.Batch()
	defer b.Release()
	var answer error
	if err := sink.Write(ctx, b, func(err error) { answer = err }); err != nil {
		return err
	}
	return answer
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to be that %s", what)
		}
	}
}

// journal is a log that can be read while it is written.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	return nil
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.lines...)
}
