package amqp_test

import (
	"maps"
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

// kindOf returns the kind of connector, of a registry of its own.
func kindOf(t testing.TB) plugins.ConnectorKind {
	return bustest.Kind(t, amqp.Register, "amqp")
}

// open makes a connection, which is closed at the end of the test.
func open(t testing.TB, c plugins.Config) connectors.Bus {
	return bustest.Connect(t, kindOf(t), c, bustest.Env("connector.bus"))
}

// server returns the address of a real server, or skips the test.
func server(t testing.TB) string { return bustest.Server(t, "ONSTREAM_TEST_AMQP") }

// config returns a block for a server, with quick attempts to connect.
func config(t testing.TB, addr string, values, queue map[string]any, more ...plugins.ConfigBlock) plugins.Config {
	t.Helper()
	s := kindOf(t).Schema
	all := map[string]any{"url": "amqp://" + addr, "heartbeat": 10 * time.Second}
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
