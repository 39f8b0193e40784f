package amqp_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// peer answers as a server does, as far as a sink needs it, and hangs up where it is told to: a real one
// cannot be killed at a certain step.
type peer struct {
	addr string

	mu     sync.Mutex
	hangUp method // instead of an answer to this; no method for never
	over   bool
	conns  map[net.Conn]bool
}

// method is a class of methods and one of them.
type method [2]uint16

var (
	startOK   = method{10, 11} // has the credentials
	openVhost = method{10, 40}
	publish   = method{60, 40}
)

// answers are the methods that the peer sends, and what is in them, when it receives one.
var answers = map[method]struct {
	method method
	args   string
}{
	startOK:   {method{10, 30}, "\x00\x00" + "\x00\x02\x00\x00" + "\x00\x00"}, // tune: channels, bytes of a frame, no heartbeat
	openVhost: {method{10, 41}, "\x00"},
	{10, 50}:  {method{10, 51}, ""}, // close, of the connection
	{20, 10}:  {method{20, 11}, "\x00\x00\x00\x00"},
	{20, 40}:  {method{20, 41}, ""}, // close, of a channel
	{40, 10}:  {method{40, 11}, ""}, // declare the exchange
	{85, 10}:  {method{85, 11}, ""}, // have records confirmed
}

// newPeer starts one, which ends with the test.
func newPeer(t testing.TB) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{addr: l.Addr().String(), conns: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			if p.over {
				_ = conn.Close() // the test is over
			}
			p.conns[conn] = true
			p.mu.Unlock()
			running.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // nobody connects any more
		p.mu.Lock()
		p.over = true
		p.mu.Unlock()
		p.cut(method{})
		running.Wait()
	})
	return p
}

// cut ends all connections, and has later ones end at a method.
func (p *peer) cut(at method) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangUp = at
	for conn := range p.conns {
		_ = conn.Close() // it may have ended
	}
	clear(p.conns)
}

// serve answers on a connection until it ends.
func (p *peer) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if _, err := io.ReadFull(in, make([]byte, len("AMQP0091"))); err != nil {
		return
	}
	// The version, no properties, mechanisms, locales.
	send(conn, 0, method{10, 10}, "\x00\x09"+"\x00\x00\x00\x00"+"\x00\x00\x00\x05PLAIN"+"\x00\x00\x00\x05en_US")
	published := uint64(0)
	for {
		var head [7]byte // kind, channel, size
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[3:])+1) // with the end of the frame
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		if head[0] != 1 { // a record's header or body
			continue
		}
		m := method{binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])}
		p.mu.Lock()
		hangUp := p.hangUp == m
		p.mu.Unlock()
		if hangUp {
			return
		}
		channel := binary.BigEndian.Uint16(head[1:])
		if m == publish {
			published++
			send(conn, channel, method{60, 80}, string(binary.BigEndian.AppendUint64(nil, published))+"\x00")
		} else if a, known := answers[m]; known {
			send(conn, channel, a.method, a.args)
		}
	}
}

// send sends a method in a frame. Whether the client is there is seen when it is read from.
func send(conn net.Conn, channel uint16, m method, args string) {
	b := binary.BigEndian.AppendUint16([]byte{1}, channel)
	b = binary.BigEndian.AppendUint32(b, uint32(4+len(args)))
	b = binary.BigEndian.AppendUint16(b, m[0])
	b = binary.BigEndian.AppendUint16(b, m[1])
	_, _ = conn.Write(append(append(b, args...), 0xce))
}
