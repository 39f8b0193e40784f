package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/redis"
	"github.com/onstream/onstream/plugins"
)

const recordSize = 143 // of the measurements in bench

// connect makes a connection to the server of the environment.
func connect(b *testing.B) (connectors.Bus, plugins.Env) {
	b.Helper()
	var r plugins.Registry
	if err := redis.Register(&r); err != nil {
		b.Fatal(err)
	}
	kind, _ := r.Connector("redis")
	env := plugins.Env{Pipeline: "bench", Stage: "bench", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Framing: plugins.Framing{Terminator: []byte("\n")}}
	made, err := kind.New(config(b, server(b), nil), env)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := made.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return made.(connectors.Bus), env
}

// write adds n records to a topic, and returns when they are confirmed.
func write(b *testing.B, bus connectors.Bus, env plugins.Env, topic string, n int) {
	b.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, env)
	if err != nil {
		b.Fatal(err)
	}
	var pool plugins.Pool
	value := []byte(strings.Repeat("x", recordSize))
	open := 0
	done := make(chan error, 1<<16)
	for left := n; left > 0; {
		w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env.Framing)
		for range min(left, 1000) {
			w.Add(connectors.Record{Value: value})
		}
		left -= w.Len()
		batch := w.Batch()
		open++
		if err := sink.Write(b.Context(), batch, func(err error) { batch.Release(); done <- err }); err != nil {
			b.Fatal(err)
		}
	}
	for range open {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	if c, ok := sink.(plugins.Closer); ok {
		if err := c.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// counter is an outlet that acknowledges at once, and ends ctx after n records.
type counter struct {
	pool plugins.Pool
	left int
	stop context.CancelFunc
}

func (c *counter) Batch() *plugins.Batch  { return c.pool.Batch() }
func (c *counter) Done(plugins.Partition) {}
func (c *counter) Hand(_ context.Context, d plugins.Delivery) error {
	c.left -= d.Batch.Len
	d.Batch.Release()
	d.Ack()
	if c.left <= 0 {
		c.stop()
	}
	return nil
}

func read(b *testing.B, bus connectors.Bus, env plugins.Env, topic string, n int) {
	b.Helper()
	source, err := bus.Reader(connectors.Subscription{Topic: connectors.Topic(topic), Group: "g", Start: connectors.StartEarliest}, env)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	if n == 0 {
		time.AfterFunc(300*time.Millisecond, stop)
	}
	_ = source.Run(ctx, &counter{left: n, stop: stop}) // that it was stopped
}

func BenchmarkWrite(b *testing.B) {
	bus, env := connect(b)
	topic := fmt.Sprintf("bench.w%d", time.Now().UnixNano())
	read(b, bus, env, topic, 0) // makes the queue
	b.SetBytes(recordSize)
	b.ReportAllocs()
	b.ResetTimer()
	write(b, bus, env, topic, b.N)
}

func BenchmarkRead(b *testing.B) {
	bus, env := connect(b)
	topic := fmt.Sprintf("bench.r%d", time.Now().UnixNano())
	read(b, bus, env, topic, 0) // makes the queue
	write(b, bus, env, topic, b.N)
	b.SetBytes(recordSize)
	b.ReportAllocs()
	b.ResetTimer()
	read(b, bus, env, topic, b.N)
}
