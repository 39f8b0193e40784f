package mqtt_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// peer is a connection.
type peer struct {
	conn    net.Conn
	version byte
	will    *packets.Packet

	mu     sync.Mutex
	wake   sync.Cond
	out    []byte
	closed bool
}

func (p *peer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.wake.Broadcast()
	p.conn.Close()
}

func (p *peer) writeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for len(p.out) == 0 && !p.closed {
			p.wake.Wait()
		}
		if p.closed {
			return
		}
		b := p.out
		p.out = nil
		p.mu.Unlock()
		_, _ = p.conn.Write(b) // the reader sees that it failed
		p.mu.Lock()
	}
}

func (p *peer) send(t *testing.T, pk packets.Packet) {
	b, err := encoded(pk, p.version)
	if err != nil {
		t.Errorf("encode a packet of type %d: %v", pk.FixedHeader.Type, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, b...)
	p.wake.Broadcast()
}

// encoded writes a packet, for either side.
func encoded(pk packets.Packet, version byte) ([]byte, error) {
	pk.ProtocolVersion = version
	var b bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectEncode(&b)
	case packets.Connack:
		err = pk.ConnackEncode(&b)
	case packets.Publish:
		err = pk.PublishEncode(&b)
	case packets.Puback:
		err = pk.PubackEncode(&b)
	case packets.Pubrec:
		err = pk.PubrecEncode(&b)
	case packets.Pubrel:
		pk.FixedHeader.Qos = 1
		err = pk.PubrelEncode(&b)
	case packets.Pubcomp:
		err = pk.PubcompEncode(&b)
	case packets.Subscribe:
		pk.FixedHeader.Qos = 1
		err = pk.SubscribeEncode(&b)
	case packets.Suback:
		err = pk.SubackEncode(&b)
	case packets.Unsubscribe:
		pk.FixedHeader.Qos = 1
		err = pk.UnsubscribeEncode(&b)
	case packets.Pingreq:
		err = pk.PingreqEncode(&b)
	case packets.Pingresp:
		err = pk.PingrespEncode(&b)
	case packets.Disconnect:
		err = pk.DisconnectEncode(&b)
	}
	return b.Bytes(), err
}

func read(r *bufio.Reader, version byte) (packets.Packet, error) {
	var pk packets.Packet
	first, err := r.ReadByte()
	if err != nil {
		return pk, err
	}
	if err := pk.FixedHeader.Decode(first); err != nil {
		return pk, err
	}
	n, _, err := packets.DecodeLength(r)
	if err != nil {
		return pk, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return pk, err
	}
	pk.FixedHeader.Remaining, pk.ProtocolVersion = n, version
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectDecode(b)
	case packets.Connack:
		err = pk.ConnackDecode(b)
	case packets.Suback:
		err = pk.SubackDecode(b)
	case packets.Publish:
		err = pk.PublishDecode(b)
	case packets.Puback:
		err = pk.PubackDecode(b)
	case packets.Pubrec:
		err = pk.PubrecDecode(b)
	case packets.Pubrel:
		err = pk.PubrelDecode(b)
	case packets.Pubcomp:
		err = pk.PubcompDecode(b)
	case packets.Subscribe:
		err = pk.SubscribeDecode(b)
	case packets.Unsuback:
		err = pk.UnsubackDecode(b)
	case packets.Disconnect:
		err = pk.DisconnectDecode(b)
	}
	return pk, err
}
