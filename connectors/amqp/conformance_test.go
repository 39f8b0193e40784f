//go:build unix

package amqp_test

import (
	"syscall"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/amqp"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func busOf(addr string, queue map[string]any) bustest.Bus {
	return bustest.Bus{
		Register: amqp.Register,
		Kind:     "amqp",
		Server:   "RabbitMQ",
		Addr:     addr,
		Config: func(t testing.TB, addr string) plugins.Config {
			return config(t, addr, map[string]any{"max_message_bytes": int64(1 << 20)}, queue)
		},
		Features: bustest.Features{
			Keys: true, Headers: true, DuplicateHeaders: true, BinaryHeaders: true, Times: true,
			Patterns: true, Groups: true, Rewinds: true, Durable: true, Crashproof: true,
			Starts:       []connectors.Start{connectors.StartLatest, connectors.StartCommitted},
			TooLarge:     2 << 20,
			MaxReadAhead: 24 << 20, // prefetch_count records of 16 KiB, and the server's own haste
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	o := newOwn(t)
	bus := busOf(o.addr, nil)
	bus.Restart, bus.Kill = o.again(syscall.SIGTERM), o.again(syscall.SIGKILL)
	bustest.Run(t, bus)
}

func TestConformanceOfQuorumQueues(t *testing.T) {
	t.Parallel()
	bustest.Run(t, busOf(server(t), map[string]any{"type": "quorum"}))
}

func TestWatermill(t *testing.T) {
	t.Parallel()
	bustest.Watermill(t, busOf(server(t), nil))
}
