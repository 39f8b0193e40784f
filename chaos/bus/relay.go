package bus

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

// Relay stands between a pipeline and its server, and cuts their connections.
type Relay struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	pairs  map[net.Conn]net.Conn // of a client, and that to the server
	closed bool
}

// NewRelay listens for connections to target, HOST:PORT.
func NewRelay(ctx context.Context, target string) (*Relay, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for connections to %s: %w", target, err)
	}
	r := &Relay{target: target, listener: l, pairs: map[net.Conn]net.Conn{}}
	r.running.Go(r.accept)
	return r, nil
}

// Addr returns where the relay listens, HOST:PORT.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Cut ends all connections. New ones can be made.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut()
}

func (r *Relay) cut() {
	for client, server := range r.pairs {
		hangUp(client, server)
	}
}

// Close ends the relay.
func (r *Relay) Close() {
	_ = r.listener.Close() // nobody connects any more, whatever it returns
	r.mu.Lock()
	r.closed = true
	r.cut()
	r.mu.Unlock()
	r.running.Wait()
}

func (r *Relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.connect(client) })
	}
}

func (r *Relay) connect(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		// The client is refused as it would be without a relay: an orderly end says something else to some.
		if c, ok := client.(*net.TCPConn); ok {
			_ = c.SetLinger(0) // then it only ends in order
		}
		return
	}
	defer server.Close()
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.pairs[client] = server
	r.mu.Unlock()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // it ends when either side does
			hangUp(way[0], way[1])
		})
	}
	both.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pairs, client)
}

// hangUp ends connections, of which some may have ended.
func hangUp(all ...net.Conn) {
	for _, c := range all {
		_ = c.Close() // it is of no use any more, whatever it returns
	}
}
