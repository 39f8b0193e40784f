package nats_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// hole stands before a server, and can swallow what clients send.
type hole struct {
	net.Listener
	deaf      atomic.Bool
	swallowed chan struct{} // receives when something was

	mu    sync.Mutex
	conns []net.Conn
	all   sync.WaitGroup
}

func newHole(t *testing.T, target string) *hole {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hole{Listener: l, swallowed: make(chan struct{}, 1)}
	h.all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close() // it was only to be turned away
				continue
			}
			h.mu.Lock()
			h.conns = append(h.conns, client, server)
			h.mu.Unlock()
			h.all.Go(func() { _, _ = io.Copy(client, server) }) // until one of them ends
			h.all.Go(func() { h.forward(client, server) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // nobody connects any more
		h.cut()
		h.all.Wait()
	})
	return h
}

func (h *hole) forward(client, server net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		if h.deaf.Load() {
			select {
			case h.swallowed <- struct{}{}:
			default:
			}
			continue
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
	}
}

// cut ends all connections.
func (h *hole) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		_ = c.Close() // that is the point
	}
}

// A request that has no answer when the connection is lost ends there, and the next one is made over the next connection.
func TestRequestsEndWithTheirConnection(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	h := newHole(t, b.addr())
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + h.Addr().String()}}))
	topics := func() error {
		_, err := bus.(connectors.Browser).Topics(t.Context())
		return err
	}
	if err := topics(); err != nil {
		t.Fatal(err)
	}
	h.deaf.Store(true)
	ended := make(chan error, 1)
	go func() { ended <- topics() }()
	<-h.swallowed
	h.deaf.Store(false)
	h.cut()
	err := <-ended
	if err == nil || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "no answer before the connection was lost") {
		t.Errorf("the request ended with %v; want that it ends when the connection is lost, for now", err)
	}
	t.Log("what the user reads:", err)
	within(t, "the next request is answered", func() bool { return topics() == nil })
}
