package mqtt_test

import (
	"maps"
	"net"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/mqtt"
	"github.com/onstream/onstream/plugins"
)

// addressOf returns where a source listens, once it does.
func addressOf(t testing.TB, s plugins.Source) string {
	t.Helper()
	var addr net.Addr
	bustest.Eventually(t, "the broker listens", func() bool {
		addr = s.(interface{ Addr() net.Addr }).Addr()
		return addr != nil
	})
	return addr.String()
}

// kindOf returns the kind of connector, of a registry of its own.
func kindOf(t testing.TB) plugins.ConnectorKind { return bustest.Kind(t, mqtt.Register, "mqtt") }

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

// to connects to a broker.
func to(t testing.TB, addr string, values map[string]any) connectors.Bus {
	t.Helper()
	all := map[string]any{"url": "mqtt://" + addr, "keep_alive": time.Minute, "connect_timeout": time.Minute}
	maps.Copy(all, values)
	return bustest.Connect(t, kindOf(t), block(t, all), bustest.Env("connector.bus"))
}

func reader(t testing.TB, bus connectors.Bus, s connectors.Subscription) plugins.Source {
	t.Helper()
	if s.Group == "" {
		s.Group = "g"
	}
	source, err := bus.Reader(s, bustest.Env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// refused runs a source that is to end by itself, for good, and checks what its message says.
func refused(t testing.TB, bus connectors.Bus, s connectors.Subscription, says ...string) {
	t.Helper()
	bustest.Permanent(t, bustest.Start(t, reader(t, bus, s), &bustest.Outlet{}).Err(t), says...)
}

func writer(t testing.TB, bus connectors.Bus, topic connectors.Topic) plugins.Sink {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: topic}, bustest.Env("sink.out"))
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
	answer := make(chan error, 1)
	if err := sink.Write(t.Context(), bustest.Batch(records...), func(err error) { answer <- err }); err != nil {
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
