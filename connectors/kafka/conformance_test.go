package kafka_test

import (
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/kafka"
	"github.com/onstream/onstream/plugins"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(bustest.WatermillCopies), goleak.IgnoreAnyFunction(bustest.WatermillCloses))
}

// schema is that of the connector's block.
func schema(t testing.TB) plugins.Schema {
	t.Helper()
	var r plugins.Registry
	if err := kafka.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("kafka")
	return kind.Schema
}

func bus(addr, server string) bustest.Bus { return busWith(addr, server, 4) }

func busWith(addr, server string, partitions int) bustest.Bus {
	return bustest.Bus{
		Register: kafka.RegisterThroughBootstrap,
		Kind:     "kafka",
		Server:   server,
		Addr:     addr,
		Config: func(t testing.TB, addr string) plugins.Config {
			s := schema(t)
			return bustest.Block(s, map[string]any{
				"bootstrap_servers": []string{addr}, "create": "if_missing", "connect_timeout": time.Minute,
				"session_timeout": 6 * time.Second, "heartbeat_interval": 100 * time.Millisecond, "rebalance_timeout": 20 * time.Second, "metadata_max_age": 500 * time.Millisecond,
			},
				bustest.Nested(s, "retry", map[string]any{"backoff": 5 * time.Millisecond, "max_backoff": 100 * time.Millisecond}),
				bustest.Nested(s, "topic", map[string]any{"partitions": int64(partitions)}),
			)
		},
		Features: bustest.Features{
			Keys: true, Headers: true, DuplicateHeaders: true, BinaryHeaders: true, Times: true,
			Partitions: partitions, Patterns: true, Groups: true, Rewinds: true, Browse: true,
			Starts:   []connectors.Start{connectors.StartEarliest, connectors.StartLatest, connectors.StartCommitted, connectors.StartTimestamp},
			TooLarge: 2 << 20, MaxReadAhead: 64 << 20, Durable: true, Crashproof: true,
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	dir := kfake.DataDir(t.TempDir())
	addr := bustest.Nowhere(t)
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	c := clusterAt(t, dir, kfake.Ports(port))
	b := bus(addr, "kfake")
	b.Restart = func(t testing.TB) {
		c.Close()
		c = clusterAt(t, dir, kfake.Ports(port))
	}
	t.Cleanup(func() { c.Close() })
	bustest.Run(t, b)
}

// The partitions of a topic have no order among each other, so there is one.
func TestWatermill(t *testing.T) {
	t.Parallel()
	bustest.Watermill(t, busWith(cluster(t).ListenAddrs()[0], "kfake", 1))
}

func TestConformanceOfKafka(t *testing.T) {
	t.Parallel()
	addr := os.Getenv("ONSTREAM_TEST_KAFKA")
	if addr == "" {
		t.Skip("there is no Apache Kafka: set ONSTREAM_TEST_KAFKA to its address, such as 127.0.0.1:9092")
	}
	bustest.Run(t, bus(addr, "Apache Kafka"))
}

// cluster returns a fake of one broker that is closed at the end of the test.
func cluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c := clusterAt(t, opts...)
	t.Cleanup(c.Close)
	return c
}

func clusterAt(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
