package mqtt_test

import (
	"bufio"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// server is a broker in this process that keeps sessions in order, as the standard has it, and
// can be told to misbehave. All of it is under one lock.
type server struct {
	t        *testing.T
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	sessions map[string]*session
	retained map[string]packets.Packet
	greeted  []packets.Packet // the CONNECT packets
	pinged   int

	// What to answer; nil, or 0, for what is usual.
	connack   func(packets.Packet) byte
	suback    func(filter string) byte
	puback    func(packets.Packet) byte
	hangUp    func(packets.Packet) (reason byte, yes bool) // at a publication
	maxPacket uint32
	window    uint16
}

type session struct {
	subs     map[string]packets.Subscription
	queue    []packets.Packet
	inflight []*packets.Packet
	received map[uint16]bool // QoS 2
	lastID   uint16
	window   int
	lasts    bool
	peer     *peer
}

// startServer starts a broker. Set what it is to answer before it is used.
func startServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, listener: l, sessions: map[string]*session{}, retained: map[string]packets.Packet{}}
	s.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p := &peer{conn: conn}
			p.wake.L = &p.mu
			s.running.Go(p.writeAll)
			s.running.Go(func() { s.serve(p) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		s.closed = true
		for _, x := range s.sessions {
			if x.peer != nil {
				x.peer.close()
			}
		}
		s.mu.Unlock()
		s.running.Wait()
	})
	return s
}

func (s *server) addr() string { return s.listener.Addr().String() }

func of(kind byte) packets.Packet {
	return packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}}
}

func (s *server) serve(p *peer) {
	defer p.close()
	r := bufio.NewReader(p.conn)
	hello, err := read(r, 0)
	if err != nil {
		return
	}
	x, id := s.admit(p, hello)
	if x == nil {
		_, _ = r.ReadByte() // until the client leaves
		return
	}
	orderly := false
	for {
		pk, err := read(r, p.version)
		if err != nil || pk.FixedHeader.Type == packets.Disconnect {
			orderly = err == nil
			break
		}
		s.mu.Lock()
		more := s.handle(p, x, pk)
		s.mu.Unlock()
		if !more {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.peer == p {
		x.peer = nil
		if !x.lasts {
			delete(s.sessions, id)
		}
	}
	if p.will != nil && !orderly && !s.closed {
		s.route(*p.will)
	}
}

// admit answers a CONNECT packet.
func (s *server) admit(p *peer, hello packets.Packet) (*session, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.version = hello.ProtocolVersion
	s.greeted = append(s.greeted, hello)
	answer := of(packets.Connack)
	if s.connack != nil {
		answer.ReasonCode = s.connack(hello)
	}
	if answer.ReasonCode != 0 || s.closed {
		p.send(s.t, answer)
		return nil, ""
	}
	id := hello.Connect.ClientIdentifier
	x := s.sessions[id]
	if x != nil && x.peer != nil {
		if x.peer.version == 5 {
			bye := of(packets.Disconnect)
			bye.ReasonCode = packets.ErrSessionTakenOver.Code
			x.peer.send(s.t, bye)
		} else {
			x.peer.close()
		}
		x.peer = nil
	}
	answer.SessionPresent = x != nil && !hello.Connect.Clean
	if !answer.SessionPresent {
		x = &session{subs: map[string]packets.Subscription{}, received: map[uint16]bool{}}
		s.sessions[id] = x
	}
	x.window = 1000
	if n := hello.Properties.ReceiveMaximum; n > 0 {
		x.window = int(n)
	}
	x.lasts = p.version == 5 && hello.Properties.SessionExpiryInterval > 0 || p.version < 5 && !hello.Connect.Clean
	answer.Properties.MaximumPacketSize, answer.Properties.ReceiveMaximum = s.maxPacket, s.window
	if hello.Connect.WillFlag {
		will := of(packets.Publish)
		will.TopicName, will.Payload, will.FixedHeader.Qos, will.FixedHeader.Retain = hello.Connect.WillTopic, hello.Connect.WillPayload, hello.Connect.WillQos, hello.Connect.WillRetain
		p.will = &will
	}
	p.send(s.t, answer)
	x.peer = p
	for _, pk := range x.inflight {
		pk.FixedHeader.Dup = pk.FixedHeader.Type == packets.Publish
		p.send(s.t, *pk)
	}
	s.pump(x)
	return x, id
}

// handle answers a packet, and reports whether the connection goes on; s.mu is held.
func (s *server) handle(p *peer, x *session, pk packets.Packet) bool {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		return s.published(p, x, pk)
	case packets.Pubrel:
		delete(x.received, pk.PacketID)
		s.reply(p, packets.Pubcomp, pk.PacketID, 0)
	case packets.Puback, packets.Pubcomp:
		for i, f := range x.inflight {
			if f.PacketID == pk.PacketID {
				if i == 0 {
					x.inflight = x.inflight[1:]
				} else {
					x.inflight = slices.Delete(x.inflight, i, i+1)
				}
				break
			}
		}
		s.pump(x)
	case packets.Pubrec:
		for _, m := range x.inflight {
			if m.PacketID == pk.PacketID {
				*m = of(packets.Pubrel)
				m.PacketID = pk.PacketID
				break
			}
		}
		s.reply(p, packets.Pubrel, pk.PacketID, 0)
	case packets.Subscribe:
		s.subscribe(p, x, pk)
	case packets.Pingreq:
		s.pinged++
		p.send(s.t, of(packets.Pingresp))
	}
	return true
}

func (s *server) reply(p *peer, kind byte, id uint16, reason byte) {
	pk := of(kind)
	pk.PacketID, pk.ReasonCode = id, reason
	p.send(s.t, pk)
}

func (s *server) published(p *peer, x *session, pk packets.Packet) bool {
	if s.hangUp != nil {
		if reason, yes := s.hangUp(pk); yes {
			if reason != 0 {
				bye := of(packets.Disconnect)
				bye.ReasonCode = reason
				p.send(s.t, bye)
				return true // the client leaves
			}
			return false
		}
	}
	reason := byte(0)
	if s.puback != nil {
		reason = s.puback(pk)
	}
	if reason < 0x80 && (pk.FixedHeader.Qos != 2 || !x.received[pk.PacketID]) {
		s.route(pk)
	}
	switch pk.FixedHeader.Qos {
	case 1:
		s.reply(p, packets.Puback, pk.PacketID, reason)
	case 2:
		x.received[pk.PacketID] = reason < 0x80
		s.reply(p, packets.Pubrec, pk.PacketID, reason)
	}
	return true
}

func (s *server) subscribe(p *peer, x *session, pk packets.Packet) {
	answer := of(packets.Suback)
	answer.PacketID = pk.PacketID
	for _, sub := range pk.Filters {
		code := sub.Qos
		if s.suback != nil && s.suback(sub.Filter) != 0 {
			code = s.suback(sub.Filter)
		}
		answer.ReasonCodes = append(answer.ReasonCodes, code)
		_, known := x.subs[sub.Filter]
		if code < 0x80 {
			x.subs[sub.Filter] = sub
		}
		if p.version == 5 && (sub.RetainHandling == 2 || sub.RetainHandling == 1 && known) {
			continue
		}
		for topic, m := range s.retained {
			if fits(sub.Filter, topic) {
				m.FixedHeader.Retain = true
				m.FixedHeader.Qos = min(m.FixedHeader.Qos, sub.Qos)
				x.queue = append(x.queue, m)
			}
		}
	}
	p.send(s.t, answer)
	s.pump(x)
}

// greetings returns how many clients have connected.
func (s *server) greetings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.greeted)
}

func (s *server) subscriptions() int { return s.count(func(x *session) int { return len(x.subs) }) }

func (s *server) unacknowledged() int {
	return s.count(func(x *session) int { return len(x.inflight) })
}

func (s *server) connections() int {
	return s.count(func(x *session) int {
		if x.peer != nil {
			return 1
		}
		return 0
	})
}

func (s *server) subscribed(filter string) int {
	return s.count(func(x *session) int {
		if _, ok := x.subs[filter]; ok {
			return 1
		}
		return 0
	})
}

func (s *server) count(of func(*session) int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, x := range s.sessions {
		n += of(x)
	}
	return n
}

// pings returns how many there were.
func (s *server) pings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pinged
}

// hangUpAll ends all connections, and forget also all sessions.
func (s *server) hangUpAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.sessions {
		if x.peer != nil {
			x.peer.close()
		}
	}
}

func (s *server) forget() {
	s.hangUpAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}
