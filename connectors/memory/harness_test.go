package memory_test

import (
	"context"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/plugins"
)

// kindOf returns the kind of connector, of a registry of its own.
func kindOf(t testing.TB) plugins.ConnectorKind { return bustest.Kind(t, memory.Register, "memory") }

func env() plugins.Env { return bustest.Env("connector.bus") }

func connect(t testing.TB, kind plugins.ConnectorKind, values map[string]any, e plugins.Env) connectors.Bus {
	t.Helper()
	return bustest.Connect(t, kind, bustest.Block(kind.Schema, values), e)
}

func connection(t testing.TB, values map[string]any, e plugins.Env) connectors.Bus {
	t.Helper()
	return connect(t, kindOf(t), values, e)
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

// write gives a sink a batch of values, which are keys, too.
func write(ctx context.Context, t testing.TB, sink plugins.Sink, values ...string) error {
	t.Helper()
	records := bustest.Records(values...)
	for i := range records {
		records[i].Key = records[i].Value
	}
	b := bustest.Batch(records...)
	defer b.Release()
	var answer error
	if err := sink.Write(ctx, b, func(err error) { answer = err }); err != nil {
		return err
	}
	return answer
}
