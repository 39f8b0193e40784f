package mqtt

import (
	"log/slog"
	"net"
	"sync"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// port is where devices connect. The driver's own listener may still begin with a
// connection when the broker has stopped; this one is closed when the last connection has ended.
type port struct {
	net.Listener

	serving sync.WaitGroup // connections
	mu      sync.Mutex
	closed  bool
	open    map[net.Conn]bool
}

var _ listeners.Listener = (*port)(nil)

// ID implements [listeners.Listener].
func (*port) ID() string { return "tcp" }

// Address implements [listeners.Listener].
func (p *port) Address() string { return p.Addr().String() }

// Protocol implements [listeners.Listener].
func (p *port) Protocol() string { return p.Addr().Network() }

// Init implements [listeners.Listener].
func (*port) Init(*slog.Logger) error { return nil }

// Serve implements [listeners.Listener].
func (p *port) Serve(establish listeners.EstablishFn) {
	for {
		conn, err := p.Accept()
		if err != nil {
			return
		}
		if !p.begin(conn) {
			_ = conn.Close() // nobody has used it
			return
		}
		go func() {
			defer p.end(conn)
			_ = establish(p.ID(), conn) // who has connected was told, or is gone
		}()
	}
}

// begin notes a connection, unless the port is closed.
func (p *port) begin(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.serving.Add(1)
	p.open[conn] = true
	return true
}

func (p *port) end(conn net.Conn) {
	p.mu.Lock()
	delete(p.open, conn)
	p.mu.Unlock()
	p.serving.Done()
}

// Close implements [listeners.Listener]. It returns when all connections have ended.
func (p *port) Close(closeClients listeners.CloseFn) {
	_ = p.Listener.Close() // nobody has used it
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	closeClients(p.ID())
	p.mu.Lock()
	for conn := range p.open { // that have not said who they are
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.serving.Wait()
}
