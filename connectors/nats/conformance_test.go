package nats_test

import (
	"maps"
	"os"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/nats"
	"github.com/onstream/onstream/plugins"
)

func features() bustest.Features {
	return bustest.Features{
		Keys: true, Headers: true, DuplicateHeaders: true, BinaryHeaders: true, Times: true, Patterns: true,
		Starts: []connectors.Start{connectors.StartEarliest, connectors.StartLatest, connectors.StartCommitted, connectors.StartTimestamp},
		Groups: true, Rewinds: true, TooLarge: 2 << 20, Browse: true, Durable: true, State: true,
	}
}

// bus returns the bus at a server with some more attributes and blocks.
func bus(name, addr string, more map[string]any, blocks ...plugins.ConfigBlock) bustest.Bus {
	return bustest.Bus{
		Register: nats.Register, Kind: "nats", Server: name, Addr: addr, Features: features(),
		Config: func(t testing.TB, addr string) plugins.Config {
			r := newRig(t)
			values := map[string]any{"servers": []string{"nats://" + addr}, "session_timeout": time.Second, "connect_timeout": 2 * time.Second}
			maps.Copy(values, more)
			c := r.config(values, blocks...)
			if err := r.kind.Check(c); err != nil {
				t.Fatal(err)
			}
			return c
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	p := serveProcess(t)
	x := bus("nats-server 2.15", p.addr(), nil)
	x.Restart, x.Kill = p.restart, p.kill
	x.Features.Crashproof = true
	bustest.Run(t, x)
}

func TestConformancePartitions(t *testing.T) {
	t.Parallel()
	p := serveProcess(t)
	x := bus("nats-server 2.15, 4 partitions", p.addr(), map[string]any{"partitions": int64(4)})
	x.Features.Partitions = 4
	x.Restart, x.Kill = p.restart, p.kill
	x.Features.Crashproof = true
	bustest.Run(t, x)
}

// A server that keeps track brings a record again when it waits too long for its
// acknowledgement.
func TestConformanceTracked(t *testing.T) {
	t.Parallel()
	p := serveProcess(t)
	x := bus("nats-server 2.15, ack_policy all", p.addr(), nil, newRig(t).nested("consumer", map[string]any{"ack_policy": "all", "ack_wait": time.Second}))
	x.Features.AckWait = time.Second
	x.Restart, x.Kill = p.restart, p.kill
	x.Features.Crashproof = true
	bustest.Run(t, x)
}

// A stream that keeps what some group has not read has nothing for one that comes later.
func TestConformanceInterest(t *testing.T) {
	t.Parallel()
	p := serveProcess(t)
	r := newRig(t)
	x := bus("nats-server 2.15, retention interest", p.addr(), nil, r.nested("stream", map[string]any{"retention": "interest"}), r.nested("consumer", map[string]any{"ack_wait": time.Second}))
	x.Features.AckWait = time.Second
	x.Features.Starts, x.Features.Browse = nil, false
	x.Restart, x.Kill = p.restart, p.kill
	x.Features.Crashproof = true
	bustest.Run(t, x)
}

func TestConformanceReal(t *testing.T) {
	t.Parallel()
	addr := os.Getenv("ONSTREAM_TEST_NATS")
	if addr == "" {
		t.Skip("no server of NATS: set ONSTREAM_TEST_NATS to its address, such as 127.0.0.1:4222")
	}
	nc, err := natsgo.Connect("nats://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	version := nc.ConnectedServerVersion()
	nc.Close()
	bustest.Run(t, bus("nats-server "+version, addr, nil))
}

func TestWatermill(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	bustest.Watermill(t, bus("nats-server 2.15, in process", b.addr(), nil))
}
