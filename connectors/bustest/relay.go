package bustest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Relay stands between a bus and its server, and does to their connections what
// networks do. It is closed at the end of the test.
type Relay struct {
	target   string
	listener net.Listener
	received atomic.Int64 // bytes from the server
	running  sync.WaitGroup

	mu      sync.Mutex
	pairs   map[*pair]bool
	refuses bool
	stalled chan struct{} // closed by Resume; nil while bytes flow
	delay   time.Duration
	closed  bool
}

// pair is a connection of a client and that to the server.
type pair struct{ client, server net.Conn }

// NewRelay listens on the loopback for connections to target, HOST:PORT.
func NewRelay(t testing.TB, target string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{target: target, listener: l, pairs: map[*pair]bool{}}
	r.running.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

// Addr returns where the relay listens, HOST:PORT.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Received returns how many bytes came from the server.
func (r *Relay) Received() int64 { return r.received.Load() }

// Cut ends all connections. New ones can be made.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range r.pairs {
		p.close()
	}
}

// Shut ends all connections and makes none until Open.
func (r *Relay) Shut() {
	r.mu.Lock()
	r.refuses = true
	r.mu.Unlock()
	r.Cut()
}

// Open makes connections again after Shut.
func (r *Relay) Open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuses = false
}

// Stall keeps the connections but lets no byte through, in either direction: they are half
// open. Bytes on their way come after Resume.
func (r *Relay) Stall() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stalled == nil && !r.closed {
		r.stalled = make(chan struct{})
	}
}

// Resume ends Stall.
func (r *Relay) Resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stalled != nil {
		close(r.stalled)
		r.stalled = nil
	}
}

// Delay makes what is read at once on a connection wait before it goes on; 0 ends it.
func (r *Relay) Delay(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = d
}

func (r *Relay) close() {
	_ = r.listener.Close() // nobody connects any more, whatever it returns
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.Resume()
	r.Cut()
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
	r.mu.Lock()
	refuses := r.refuses || r.closed
	r.mu.Unlock()
	if refuses {
		_ = client.Close() // it was only to be turned away
		return
	}
	server, err := net.DialTimeout("tcp", r.target, 5*time.Second)
	if err != nil {
		_ = client.Close() // it was only to be turned away
		return
	}
	p := &pair{client, server}
	r.mu.Lock()
	r.pairs[p] = true
	if r.refuses || r.closed {
		p.close()
	}
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.pass(p, server, client, nil) })
	both.Go(func() { r.pass(p, client, server, &r.received) })
	both.Wait()
	r.mu.Lock()
	delete(r.pairs, p)
	r.mu.Unlock()
}

// pass copies one direction.
func (r *Relay) pass(p *pair, to io.Writer, from io.Reader, count *atomic.Int64) {
	defer p.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		r.mu.Lock()
		stalled, delay := r.stalled, r.delay
		r.mu.Unlock()
		if stalled != nil {
			<-stalled
		}
		if delay > 0 {
			time.Sleep(delay)
		}
		if count != nil {
			count.Add(int64(n))
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// close breaks both off: what their closing says does not matter.
func (p *pair) close() {
	_ = p.client.Close()
	_ = p.server.Close()
}
