package mqtt_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/mqtt"
	"github.com/onstream/onstream/plugins"
)

func environment(stage string) plugins.Env {
	return plugins.Env{
		Pipeline: "test", Stage: stage, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: &plugins.Pool{},
		Framing: plugins.Framing{Terminator: []byte("\n")},
	}
}

// run runs a source until the end of the test.
func run(t testing.TB, s plugins.Source, out plugins.Outlet) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, out) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the source ended with: %v", err)
			}
		case <-time.After(15 * time.Second):
			t.Error("the source does not end")
		}
	})
}

// addressOf returns where a source listens, once it does.
func addressOf(t testing.TB, s plugins.Source) string {
	t.Helper()
	var addr net.Addr
	eventually(t, "the broker listens", func() bool {
		addr = s.(interface{ Addr() net.Addr }).Addr()
		return addr != nil
	})
	return addr.String()
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("it is still not so that %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// kindOf returns the kind of connector, of a registry of its own.
func kindOf(t testing.TB) plugins.ConnectorKind {
	t.Helper()
	var r plugins.Registry
	if err := mqtt.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("mqtt")
	return kind
}

// quick is the block of a connection that is made anew at once.
func quick(t testing.TB) plugins.ConfigBlock {
	return bustest.Nested(kindOf(t).Schema, "retry", map[string]any{"backoff": 5 * time.Millisecond, "max_backoff": 50 * time.Millisecond})
}

// block returns a connector's block, checked.
func block(t testing.TB, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	t.Helper()
	kind := kindOf(t)
	c := bustest.Block(kind.Schema, values, append(blocks, quick(t))...)
	if err := kind.Check(c); err != nil {
		t.Fatal(err)
	}
	return c
}

// connect makes a connection, which is closed at the end of the test.
func connect(t testing.TB, kind plugins.ConnectorKind, c plugins.Config, env plugins.Env) connectors.Bus {
	t.Helper()
	made, err := kind.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := made.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return made.(connectors.Bus)
}

// to connects to a broker.
func to(t testing.TB, addr string, values map[string]any) connectors.Bus {
	t.Helper()
	all := map[string]any{"url": "mqtt://" + addr, "keep_alive": 5 * time.Second, "connect_timeout": 2 * time.Second}
	maps.Copy(all, values)
	return connect(t, kindOf(t), block(t, all), environment("connector.bus"))
}

func reader(t testing.TB, bus connectors.Bus, s connectors.Subscription) plugins.Source {
	t.Helper()
	if s.Group == "" {
		s.Group = "g"
	}
	source, err := bus.Reader(s, environment("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func writer(t testing.TB, bus connectors.Bus, topic connectors.Topic) plugins.Sink {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: topic}, environment("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.(plugins.Opener).Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sink
}

// give writes records as one batch. The answer comes over the channel.
func give(t testing.TB, sink plugins.Sink, records ...connectors.Record) <-chan error {
	t.Helper()
	w := connectors.NewBuilder(new(plugins.Pool).Batch(), plugins.Partition{}, environment("").Framing)
	for _, r := range records {
		w.Add(r)
	}
	answer := make(chan error, 1)
	if err := sink.Write(t.Context(), w.Batch(), func(err error) { answer <- err }); err != nil {
		t.Fatal(err)
	}
	return answer
}

// answered waits for the answer to a batch.
func answered(t testing.TB, answer <-chan error) error {
	t.Helper()
	select {
	case err := <-answer:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the batch is not answered")
		return nil
	}
}

func values(out *bustest.Outlet) []string {
	var all []string
	for _, r := range out.Records() {
		all = append(all, r.Value)
	}
	return all
}

// comes waits for records with exactly these values, in this order.
func comes(t testing.TB, out *bustest.Outlet, want ...string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); len(out.Records()) < len(want); {
		if time.Now().After(end) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if got := values(out); !slices.Equal(got, want) {
		t.Fatalf("%q came and should be %q", got, want)
	}
}

// journal is a log that can be looked at.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
