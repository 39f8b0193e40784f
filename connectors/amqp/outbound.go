package amqp

import (
	"net"
	"sync"
	"time"
)

// outbound gathers what is written to a connection while a write is under way: the driver
// flushes each message, and that would be a system call for each.
type outbound struct {
	net.Conn

	mu      sync.Mutex
	changed sync.Cond // of mu
	waiting []byte
	spare   []byte
	err     error
	closing bool
	ended   chan struct{}
	once    sync.Once
}

const (
	maxOutbound = 256 << 10       // bytes that wait; then Write does
	lastWords   = 1 * time.Second // to send what waits when the connection is closed
)

func newOutbound(conn net.Conn) *outbound {
	o := &outbound{Conn: conn, ended: make(chan struct{})}
	o.changed.L = &o.mu
	go o.run()
	return o
}

// Write implements [net.Conn]. An error is that of a former write.
func (o *outbound) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) > maxOutbound && o.err == nil && !o.closing {
		o.changed.Wait()
	}
	switch {
	case o.err != nil:
		return 0, o.err
	case o.closing:
		return 0, net.ErrClosed
	}
	if len(o.waiting) == 0 {
		o.changed.Broadcast()
	}
	o.waiting = append(o.waiting, p...)
	return len(p), nil
}

func (o *outbound) run() {
	defer close(o.ended)
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.waiting) == 0 && !o.closing {
			o.changed.Wait()
		}
		if len(o.waiting) == 0 {
			return
		}
		next := o.waiting
		o.waiting = o.spare[:0]
		o.changed.Broadcast()
		o.mu.Unlock()
		_, err := o.Conn.Write(next)
		o.mu.Lock()
		o.spare = next
		if err != nil {
			o.err = err
			o.changed.Broadcast()
			return
		}
	}
}

// Close implements [net.Conn]. What was written is sent before, if that goes quickly.
func (o *outbound) Close() (err error) {
	o.once.Do(func() {
		o.mu.Lock()
		o.closing = true
		o.changed.Broadcast()
		o.mu.Unlock()
		if o.SetWriteDeadline(time.Now().Add(lastWords)) != nil {
			_ = o.Conn.Close() // it is closed already, or cannot wait
		}
		<-o.ended
		err = o.Conn.Close()
	})
	return err
}
