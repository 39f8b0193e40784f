package bustest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Env is what the engine gives a stage or a connection. Its log is thrown away.
func Env(stage string) plugins.Env {
	return plugins.Env{
		Pipeline: "bustest", Stage: stage, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: &plugins.Pool{},
		Framing: framing, Owner: "bustest",
	}
}

// Kind returns a kind of connector, of a registry of its own.
func Kind(t testing.TB, register func(*plugins.Registry) error, name string) plugins.ConnectorKind {
	t.Helper()
	var r plugins.Registry
	if err := register(&r); err != nil {
		t.Fatal(err)
	}
	kind, ok := r.Connector(name)
	if !ok {
		t.Fatalf("no kind %q is registered", name)
	}
	return kind
}

// Connect makes a connection. It is closed at the end of the test, after what uses it.
func Connect(t testing.TB, kind plugins.ConnectorKind, c plugins.Config, env plugins.Env) connectors.Bus {
	t.Helper()
	made, err := kind.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	bus, ok := made.(connectors.Bus)
	if !ok {
		t.Fatalf("a connection of kind %q is no connectors.Bus", kind.Name)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := bus.Close(ctx); err != nil {
			t.Errorf("close the connection: %v", err)
		}
	})
	return bus
}

// stopTime is how long something may take to end.
const stopTime = 15 * time.Second

// Server returns the address that a variable of the environment tells, such as
// ONSTREAM_TEST_REDIS, or skips the test.
func Server(t testing.TB, variable string) string {
	t.Helper()
	addr := os.Getenv(variable)
	if addr == "" {
		t.Skipf("no server: scripts/services starts one, or set %s to the address of yours", variable)
	}
	return addr
}

// Nowhere returns an address at which nobody listens, each time another one. Its port is below those that systems
// give to programs that ask for any: so nobody takes it before a server starts there, or while it is away.
func Nowhere(t testing.TB) string {
	t.Helper()
	const lowest, ports = 20000, 12000
	for range ports {
		// Processes that run at the same time, which have numbers close to each other, begin in different places.
		port := lowest + (int64(os.Getpid())*97+unused.Add(1))%ports
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // somebody is there
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("there is somebody at each port")
	return ""
}

// Speaks answers whoever connects, and has said something, with a text, and hangs up. It returns where.
func Speaks(t testing.TB, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1000)) // the client may be gone, whatever fails here
			_, _ = io.WriteString(conn, text)
			_, _ = conn.Read(make([]byte, 1000))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // nobody connects any more
		<-gone
	})
	return l.Addr().String()
}

var unused atomic.Int64

// Unused returns the name of a topic that nobody else uses.
func Unused() string { return fmt.Sprintf("test.n%d-%d", time.Now().UnixNano(), unused.Add(1)) }

// Subscribe returns what a source of a topic says, in the group "g", from the first record on.
func Subscribe(topic string) connectors.Subscription {
	return connectors.Subscription{Topic: connectors.Topic(topic), Group: "g", Start: connectors.StartEarliest}
}
