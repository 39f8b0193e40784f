package bus

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// serveKafka is a server that speaks the protocol of Kafka, until ctx ends. It cuts all
// connections when it is sent the signal for it, as no relay can: clients of Kafka
// connect to where the server says it is.
func serveKafka(ctx context.Context, addr, dir string) error {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("serve Kafka: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("serve Kafka: %w", err)
	}
	var conns connections
	cut := make(chan os.Signal, 1)
	signal.Notify(cut, signalCut)
	defer signal.Stop(cut)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir), kfake.GroupMinSessionTimeout(100*time.Millisecond), kfake.ListenFn(conns.listen))
	if err != nil {
		return fmt.Errorf("serve Kafka: %w", err)
	}
	defer c.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-cut:
			conns.cut()
		}
	}
}

// connections are those of a server.
type connections struct {
	mu   sync.Mutex
	open map[*connection]bool
}

type connection struct {
	net.Conn
	of     *connections
	closed chan struct{} // by the server
	once   sync.Once
}

// lateEnd is longer than a member of a group waits for the others.
const lateEnd = 10 * time.Second

// Read implements [net.Conn]. That the client has ended it tells late, as if the network had not told it: kfake never
// takes a member out of its group that it cannot answer when the group is divided, and whose connection it knows to have ended. Its
// partitions would be nobody's for ever.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		select {
		case <-c.closed:
		case <-time.After(lateEnd):
		}
	}
	return n, err
}

// Close implements [net.Conn].
func (c *connection) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

func (cs *connections) cut() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		c.once.Do(func() { close(c.closed) })
		_ = c.Conn.Close() // that is what it is for
	}
}

func (cs *connections) listen(network, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), network, address)
	return &listener{l, cs}, err
}

type listener struct {
	net.Listener
	of *connections
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	made := &connection{Conn: c, of: l.of, closed: make(chan struct{})}
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.of.open == nil {
		l.of.open = map[*connection]bool{}
	}
	l.of.open[made] = true
	return made, nil
}
