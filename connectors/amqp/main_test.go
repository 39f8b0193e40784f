package amqp_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/amqp"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(bustest.WatermillCopies), goleak.IgnoreAnyFunction(bustest.WatermillCloses))
}

// server returns the address of a RabbitMQ, or skips the test.
func server(t testing.TB) string {
	t.Helper()
	addr := os.Getenv("ONSTREAM_TEST_AMQP")
	if addr == "" {
		t.Skip("no server: set ONSTREAM_TEST_AMQP to the address of a RabbitMQ, such as 127.0.0.1:5672")
	}
	return addr
}

func kindOf(t testing.TB) plugins.ConnectorKind {
	t.Helper()
	var r plugins.Registry
	if err := amqp.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("amqp")
	return kind
}

// config returns a block for a server, with quick attempts to connect.
func config(t testing.TB, addr string, values, queue map[string]any, more ...plugins.ConfigBlock) plugins.Config {
	t.Helper()
	s := kindOf(t).Schema
	all := map[string]any{"url": "amqp://" + addr, "heartbeat": 2 * time.Second}
	for name, v := range values {
		all[name] = v
	}
	if queue == nil {
		queue = map[string]any{}
	}
	if queue["arguments"] == nil { // nothing is left behind
		queue = maps.Clone(queue)
		queue["arguments"] = map[string]string{"x-expires": "120000"}
	}
	return bustest.Block(s, all, append(more,
		bustest.Nested(s, "retry", map[string]any{"backoff": 5 * time.Millisecond, "max_backoff": 50 * time.Millisecond}),
		bustest.Nested(s, "queue", queue))...)
}

func environment() plugins.Env {
	return plugins.Env{Pipeline: "test", Stage: "stage", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Framing: plugins.Framing{Terminator: []byte("\n")}}
}

// open makes a connection, which is closed at the end of the test.
func open(t testing.TB, c plugins.Config) connectors.Bus {
	t.Helper()
	made, err := kindOf(t).New(c, environment())
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

// unused returns a name that nobody else uses.
func unused() string { return fmt.Sprintf("test.n%d", time.Now().UnixNano()) }

// run runs a source until the test, or what it returns, ends it.
func run(t testing.TB, bus connectors.Bus, s connectors.Subscription, out plugins.Outlet) (ended chan error, stop func()) {
	t.Helper()
	source, err := bus.Reader(s, environment())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		ended <- source.Run(ctx, out)
	}()
	stop = func() { cancel(); <-gone }
	t.Cleanup(stop)
	return ended, stop
}

// fails runs a source that is to end with an error that says something.
func fails(t testing.TB, bus connectors.Bus, s connectors.Subscription) error {
	t.Helper()
	ended, _ := run(t, bus, s, &bustest.Outlet{})
	select {
	case err := <-ended:
		if !plugins.IsPermanent(err) {
			t.Fatalf("the source ended with %v, which is not permanent", err)
		}
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the source goes on")
	}
	return nil
}

// put writes records to topics and returns what the sink answered.
func put(t testing.TB, bus connectors.Bus, topic string, values ...string) error {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, environment())
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, environment().Framing)
	for _, v := range values {
		w.Add(connectors.Record{Value: []byte(v)})
	}
	done := make(chan error, 1)
	if err := sink.Write(t.Context(), w.Batch(), func(err error) { done <- err }); err != nil {
		done <- err
	}
	err = <-done
	if c, ok := sink.(plugins.Closer); ok {
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return err
}

// comes waits until an outlet has so many records, and returns their values.
func comes(t testing.TB, out *bustest.Outlet, n int) []string {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for {
		records := out.Records()
		if len(records) >= n {
			var values []string
			for _, r := range records {
				values = append(values, r.Value)
			}
			return values
		}
		if time.Now().After(end) {
			t.Fatalf("%d records came instead of %d", len(records), n)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
