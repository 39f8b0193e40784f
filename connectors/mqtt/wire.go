package mqtt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readBuffer = 64 << 10
	// cutAt is how much of a packet is kept that is larger than what is taken: the name of its
	// topic is in it.
	cutAt = 1<<16 + 16
	// writePatience is how long the other side may take to make room for bytes.
	writePatience = 30 * time.Second
)

// tlsAlert is what TLS begins with to say that it was not spoken to in TLS.
const tlsAlert = 0x15

var errAlert = errors.New("the server speaks TLS")

var errSilent = errors.New("the broker gave no sign of life for longer than keep_alive allows")

// wire carries packets. Many can write at once: what comes together goes out in one
// system call. One goroutine reads.
type wire struct {
	conn    net.Conn
	reader  *bufio.Reader
	silence time.Duration // how long a read may wait; 0 for ever
	limit   int           // the largest body that is taken
	body    []byte
	read    atomic.Int64 // when bytes came last, ns since 1970
	written atomic.Int64 // when some went out last

	mu      sync.Mutex
	changed sync.Cond // of mu
	out     []byte    // to be written
	spare   []byte
	writing bool
	onDrain func()
	closed  error
	ended   chan struct{} // the goroutine that writes has ended
}

// newWire takes over a connection, which close gives up.
func newWire(conn net.Conn, limit int) *wire {
	w := &wire{conn: conn, limit: limit, ended: make(chan struct{})}
	w.changed.L = &w.mu
	w.reader = bufio.NewReaderSize(timed{w}, readBuffer)
	go w.writeAll()
	return w
}

// timed reads from a wire's connection. Only the time that is spent waiting for the
// other side counts as silence, not that in which nobody asks for bytes.
type timed struct{ *wire }

// Read implements [io.Reader].
func (t timed) Read(p []byte) (int, error) {
	if t.silence > 0 {
		if err := t.conn.SetReadDeadline(time.Now().Add(t.silence)); err != nil {
			return 0, err
		}
	}
	n, err := t.conn.Read(p)
	if n > 0 {
		t.read.Store(time.Now().UnixNano())
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		err = errSilent
	}
	return n, err
}

// next reads a packet, which is valid until the next call. Of a publication that is
// larger than what is taken, only the beginning is kept.
func (w *wire) next() (packet, error) {
	first, err := w.reader.ReadByte()
	if err != nil {
		return packet{}, err
	}
	p := packet{kind: first >> 4, flags: first & 15}
	switch {
	case first == tlsAlert:
		return p, errAlert
	case p.kind == typePublish, p.flags == 0, p.kind == typePubrel && p.flags == 2:
	default:
		return p, errMalformed
	}
	for shift := 0; ; shift += 7 {
		b, err := w.reader.ReadByte()
		if err != nil {
			return p, err
		}
		p.size |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		if shift == 21 {
			return p, errMalformed
		}
	}
	keep := p.size
	if p.size > w.limit {
		if p.kind != typePublish {
			return p, fmt.Errorf("%w: a packet of type %d has %d bytes", errMalformed, p.kind, p.size)
		}
		keep = min(keep, cutAt)
	}
	if cap(w.body) < keep {
		w.body = make([]byte, keep+keep/4)
	}
	p.body = w.body[:keep]
	if _, err := io.ReadFull(w.reader, p.body); err != nil {
		return p, err
	}
	if _, err := w.reader.Discard(p.size - keep); err != nil {
		return p, err
	}
	if keep > 1<<20 {
		w.body = nil // one large packet is no reason to keep the memory
	}
	return p, nil
}

// write adds what encode appends to the bytes that go out. It does not wait, and
// reports false, without a call of encode, when the wire is closed.
func (w *wire) write(encode func([]byte) []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed != nil {
		return false
	}
	was := len(w.out)
	w.out = encode(w.out)
	if was == 0 {
		w.changed.Broadcast()
	}
	return true
}

// writeAll writes what there is until the wire is closed.
func (w *wire) writeAll() {
	defer close(w.ended)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.out) == 0 && w.closed == nil {
			w.changed.Wait()
		}
		if w.closed != nil {
			return
		}
		b := w.out
		w.out, w.spare, w.writing = w.spare[:0], nil, true
		w.mu.Unlock()
		err := w.conn.SetWriteDeadline(time.Now().Add(writePatience))
		if err == nil {
			_, err = w.conn.Write(b)
		}
		w.written.Store(time.Now().UnixNano())
		w.mu.Lock()
		w.writing = false
		if cap(b) <= 4<<20 {
			w.spare = b[:0]
		}
		w.changed.Broadcast()
		if err != nil {
			w.fail(err)
			return
		}
		if f := w.onDrain; f != nil && len(b) > roomFor {
			w.mu.Unlock()
			f()
			w.mu.Lock()
		}
	}
}

// roomFor is how many bytes may wait to be written before nothing should be added.
const roomFor = 1 << 20

// roomy reports whether there is room for more to write.
func (w *wire) roomy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.out) <= roomFor
}

// drained has f called whenever there is room again.
func (w *wire) drained(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onDrain = f
}

// fail ends the wire; w.mu is held.
func (w *wire) fail(err error) {
	if w.closed != nil {
		return
	}
	w.closed = err
	w.changed.Broadcast()
	_ = w.conn.Close() // nothing is left to be done about it
}

// flush waits until all is written, for a while at most.
func (w *wire) flush(patience time.Duration) {
	stop := time.AfterFunc(patience, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.fail(errSilent)
	})
	defer stop.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for (len(w.out) > 0 || w.writing) && w.closed == nil {
		w.changed.Wait()
	}
}

// close ends the wire, and all calls of it.
func (w *wire) close(err error) {
	w.mu.Lock()
	w.fail(err)
	w.mu.Unlock()
	<-w.ended
}

// abandon ends the wire, and does not wait for it.
func (w *wire) abandon(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail(err)
}

// cause returns why the wire was closed from this side; nil where it was not.
func (w *wire) cause() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}
