//go:build unix

package redis_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/redis"
	"github.com/onstream/onstream/plugins"
)

func busOf(addr string, partitions int) bustest.Bus {
	return bustest.Bus{
		Register: redis.Register,
		Kind:     "redis",
		Server:   "Redis",
		Addr:     addr,
		Config: func(t testing.TB, addr string) plugins.Config {
			return config(t, addr, map[string]any{"max_message_bytes": int64(1 << 20), "partitions": int64(partitions)})
		},
		Poison: poison(addr),
		Features: bustest.Features{
			Keys: true, Headers: true, DuplicateHeaders: true, BinaryHeaders: true, Times: true,
			Partitions: partitions, Groups: true, Rewinds: true, Browse: true, Durable: true, Crashproof: true, State: true,
			Starts:   []connectors.Start{connectors.StartEarliest, connectors.StartLatest, connectors.StartCommitted, connectors.StartTimestamp},
			TooLarge: 2 << 20,
			AckWait:  time.Second,
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	o := newOwn(t)
	bus := busOf(o.addr, 4)
	bus.Restart, bus.Kill = o.again(syscall.SIGTERM), o.again(os.Kill)
	bustest.Run(t, bus)
}

func TestConformanceOfOnePartition(t *testing.T) {
	t.Parallel()
	bustest.Run(t, busOf(server(t), 1))
}

func TestWatermill(t *testing.T) {
	t.Parallel()
	bustest.Watermill(t, busOf(server(t), 1))
}

// poison adds an entry that no writer of ours makes.
func poison(addr string) func(testing.TB, string) {
	return func(t testing.TB, topic string) {
		t.Helper()
		client := raw(t, addr)
		stream := strings.ReplaceAll(topic, ".", ":")
		if client.Exists(t.Context(), stream).Val() == 0 {
			stream += ":0"
		}
		if err := client.XAdd(t.Context(), &goredis.XAddArgs{Stream: stream, Values: []any{"what", "\xff", "what", "else"}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
