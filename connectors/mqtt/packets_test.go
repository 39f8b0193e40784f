package mqtt_test

import (
	"bufio"
	"net"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/mqtt"
)

// client is a device of which each packet is written by hand.
type client struct {
	t       testing.TB
	conn    net.Conn
	in      *bufio.Reader
	version byte
}

// dial connects without a word.
func dial(t testing.TB, addr string, version byte) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the broker may have been first
	return &client{t, conn, bufio.NewReader(conn), version}
}

// enter connects with a session that is kept, and returns the broker's answer.
func enter(t testing.TB, addr string, version byte, id string) (*client, packets.Packet) {
	t.Helper()
	return enterWith(t, addr, version, id, packets.Properties{})
}

// enterWith does so with properties.
func enterWith(t testing.TB, addr string, version byte, id string, p packets.Properties) (*client, packets.Packet) {
	t.Helper()
	p.SessionExpiryInterval, p.SessionExpiryIntervalFlag = 3600, true
	c := dial(t, addr, version)
	return c, c.ask(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Connect}, Properties: p,
		Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), ClientIdentifier: id},
	})
}

// let returns a device that is let in.
func let(t testing.TB, addr string, version byte, id string) *client {
	t.Helper()
	c, answer := enter(t, addr, version, id)
	if answer.ReasonCode != 0 {
		t.Fatalf("device %s is not let in: %#x", id, answer.ReasonCode)
	}
	return c
}

func (c *client) send(pk packets.Packet) {
	c.t.Helper()
	b, err := encoded(pk, c.version)
	if err == nil {
		_, err = c.conn.Write(b)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// ask sends a packet and returns what comes next.
func (c *client) ask(pk packets.Packet) packets.Packet {
	c.t.Helper()
	c.send(pk)
	return c.next()
}

// next returns the packet that comes next.
func (c *client) next() packets.Packet {
	c.t.Helper()
	pk, err := c.read()
	if err != nil {
		c.t.Fatalf("no packet comes: %v", err)
	}
	return pk
}

// read waits for a packet, or for the end of the connection.
func (c *client) read() (packets.Packet, error) {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	return read(c.in, c.version)
}

// cut ends the connection without a word.
func (c *client) cut() {
	c.t.Helper()
	if err := c.conn.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// messages takes messages with QoS 1 or 2, as many as are asked for, and returns their ids by
// what is in them.
func (c *client) messages(n int) map[string]uint16 {
	c.t.Helper()
	got := map[string]uint16{}
	for range n {
		m := c.next()
		if m.FixedHeader.Type != packets.Publish || m.PacketID == 0 || m.TopicName == "" {
			c.t.Fatalf("there came a packet of type %d with id %d and topic %q", m.FixedHeader.Type, m.PacketID, m.TopicName)
		}
		got[string(m.Payload)] = m.PacketID
	}
	return got
}

// quiet reports that nothing more comes: the broker answers a ping after all that it has written.
func (c *client) quiet() {
	c.t.Helper()
	if answer := c.ask(word(packets.Pingreq, 0)); answer.FixedHeader.Type != packets.Pingresp {
		c.t.Errorf("there came a packet of type %d", answer.FixedHeader.Type)
	}
}

// ended reports that the broker ends the connection without another packet.
func (c *client) ended() {
	c.t.Helper()
	if pk, err := c.read(); err == nil {
		c.t.Errorf("there came a packet of type %d instead of the end of the connection", pk.FixedHeader.Type)
	}
}

// subscribe returns what the broker grants.
func (c *client) subscribe(filter string) byte {
	c.t.Helper()
	answer := c.ask(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe}, PacketID: 60_001,
		Filters: packets.Subscriptions{{Filter: filter, Qos: 1}},
	})
	if len(answer.ReasonCodes) != 1 {
		c.t.Fatalf("a subscription is answered with %+v", answer)
	}
	return answer.ReasonCodes[0]
}

// away reads a topic in a session, and goes. It returns when the broker knows that.
func away(t testing.TB, bus connectors.Bus, addr, id, filter string) {
	t.Helper()
	c := let(t, addr, 5, id)
	if granted := c.subscribe(filter); granted != 1 {
		t.Fatalf("granted %#x", granted)
	}
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
	c.ended()
	bustest.Eventually(t, "the device is away", func() bool { return !mqtt.Connected(bus, id) })
}

// word returns a packet that has an id only.
func word(kind byte, id uint16) packets.Packet {
	return packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id}
}

// message returns a message with QoS 1 and a number.
func message(id uint16, topic, payload string) packets.Packet {
	return packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, PacketID: id, TopicName: topic, Payload: []byte(payload)}
}
