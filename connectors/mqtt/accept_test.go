package mqtt_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// waitingFor has messages wait for a device that is away, and returns what is in them.
func waitingFor(t *testing.T, bus connectors.Bus, addr, id string, n int) []string {
	t.Helper()
	away(t, bus, addr, id, "cmd/#")
	d := let(t, addr, 5, "publisher of "+id)
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i))
		if answer := d.ask(message(uint16(i+1), "cmd/x", all[i])); answer.FixedHeader.Type != packets.Puback || answer.ReasonCode != 0 {
			t.Fatalf("message %d is answered with a packet of type %d and %#x", i, answer.FixedHeader.Type, answer.ReasonCode)
		}
	}
	return all
}

// A device may subscribe with an id that a message to it has: those are of different directions.
func TestSubscriptionWithTheIDOfAWaitingMessage(t *testing.T) {
	t.Parallel()
	bus, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
	waitingFor(t, bus, addr, "d", 3)
	d := let(t, addr, 5, "d")
	ids := slices.Collect(maps.Values(d.messages(3)))
	on := word(packets.Subscribe, ids[0])
	on.Filters = packets.Subscriptions{{Filter: "other", Qos: 1}}
	if answer := d.ask(on); answer.FixedHeader.Type != packets.Suback || answer.PacketID != ids[0] || !slices.Equal(answer.ReasonCodes, []byte{1}) {
		t.Errorf("a subscription with id %d is answered with a packet of type %d for %d and %#x", ids[0], answer.FixedHeader.Type, answer.PacketID, answer.ReasonCodes)
	}
	off := word(packets.Unsubscribe, ids[1])
	off.Filters = packets.Subscriptions{{Filter: "other"}}
	if answer := d.ask(off); answer.FixedHeader.Type != packets.Unsuback || answer.PacketID != ids[1] || !slices.Equal(answer.ReasonCodes, []byte{0}) {
		t.Errorf("its end with id %d is answered with a packet of type %d for %d and %#x", ids[1], answer.FixedHeader.Type, answer.PacketID, answer.ReasonCodes)
	}
}

// A device may publish with the ids of messages that it has not acknowledged: they come again.
func TestMessagesWithTheIDsOfWaitingOnes(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{"plant/d", "not/read"} {
		for qos, kind := range map[byte]byte{1: packets.Puback, 2: packets.Pubrec} {
			t.Run(fmt.Sprintf("%s with QoS %d", topic, qos), func(t *testing.T) {
				t.Parallel()
				bus, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
				want := waitingFor(t, bus, addr, "d", 3)
				d := let(t, addr, 5, "d")
				for _, id := range d.messages(len(want)) {
					m := message(id, topic, "x")
					m.FixedHeader.Qos = qos
					if answer := d.ask(m); answer.FixedHeader.Type != kind || answer.PacketID != id || answer.ReasonCode != 0 {
						t.Errorf("message %d is answered with a packet of type %d for %d and %#x", id, answer.FixedHeader.Type, answer.PacketID, answer.ReasonCode)
					}
					if qos == 2 {
						if answer := d.ask(word(packets.Pubrel, id)); answer.FixedHeader.Type != packets.Pubcomp || answer.PacketID != id || answer.ReasonCode != 0 {
							t.Errorf("the release of %d is answered with a packet of type %d for %d and %#x", id, answer.FixedHeader.Type, answer.PacketID, answer.ReasonCode)
						}
					}
				}
				d.cut()
				got := slices.Sorted(maps.Keys(let(t, addr, 5, "d").messages(len(want))))
				if !slices.Equal(got, want) {
					t.Errorf("there came %q again", got)
				}
			})
		}
	}
}

// What a device sends again with QoS 2 is taken once, over connections of one session.
func TestQoS2OverConnections(t *testing.T) {
	t.Parallel()
	for _, version := range []byte{4, 5} {
		out := &bustest.Outlet{}
		_, addr := anyone(t, nil, "plant.>", out)
		m := message(7, "plant/d", "once")
		m.FixedHeader.Qos = 2
		answered := func(d *client, m packets.Packet, kind, reason byte) {
			t.Helper()
			if answer := d.ask(m); answer.FixedHeader.Type != kind || answer.PacketID != 7 || answer.ReasonCode != reason {
				t.Errorf("version %d: a packet of type %d is answered with one of type %d for %d and %#x", version, m.FixedHeader.Type, answer.FixedHeader.Type, answer.PacketID, answer.ReasonCode)
			}
		}
		d := let(t, addr, version, "d")
		answered(d, m, packets.Pubrec, 0)
		d.cut()
		d = let(t, addr, version, "d")
		m.FixedHeader.Dup = true
		answered(d, m, packets.Pubrec, 0)
		answered(d, word(packets.Pubrel, 7), packets.Pubcomp, 0)
		unknown := byte(0) // there is no word for it before MQTT 5
		if version == 5 {
			unknown = packets.ErrPacketIdentifierNotFound.Code
		}
		answered(d, word(packets.Pubrel, 7), packets.Pubcomp, unknown)
		m.FixedHeader.Dup = false
		m.Payload = []byte("next")
		answered(d, m, packets.Pubrec, 0)
		// A session that begins anew knows nothing of the one before.
		d = dial(t, addr, version)
		if answer := d.ask(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), ClientIdentifier: "d", Clean: true}}); answer.SessionPresent {
			t.Fatal("a clean session is an old one")
		}
		m.Payload = []byte("anew")
		answered(d, m, packets.Pubrec, 0)
		out.Brings(t, "once", "next", "anew")
	}
}

func TestMessagesThatAreNotReleasedAreBounded(t *testing.T) {
	t.Parallel()
	_, addr := anyone(t, map[string]any{"receive_maximum": int64(3)}, "plant.>", &bustest.Outlet{})
	d := let(t, addr, 5, "d")
	for id := uint16(1); id <= 4; id++ {
		m := message(id, "plant/d", "x")
		m.FixedHeader.Qos = 2
		kind, reason := packets.Pubrec, byte(0)
		if id == 4 {
			kind, reason = packets.Disconnect, packets.ErrReceiveMaximum.Code
		}
		if answer := d.ask(m); answer.FixedHeader.Type != kind || answer.ReasonCode != reason {
			t.Errorf("message %d is answered with a packet of type %d and %#x", id, answer.FixedHeader.Type, answer.ReasonCode)
		}
	}
	d.ended()
}

// What a device receives with QoS 2 does not count as what it publishes.
func TestMessagesToADeviceDoNotCountAsItsOwn(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	_, addr := anyone(t, map[string]any{"receive_maximum": int64(2)}, "plant.>", out)
	d := let(t, addr, 5, "d")
	on := word(packets.Subscribe, 1)
	on.Filters = packets.Subscriptions{{Filter: "cmd/#", Qos: 2}}
	d.ask(on)
	other := let(t, addr, 5, "other")
	for id := uint16(1); id <= 3; id++ {
		m := message(id, "cmd/x", fmt.Sprint(id))
		m.FixedHeader.Qos = 2
		other.ask(m)
		other.ask(word(packets.Pubrel, id))
	}
	for _, id := range d.messages(3) {
		if answer := d.ask(word(packets.Pubrec, id)); answer.FixedHeader.Type != packets.Pubrel || answer.PacketID != id {
			t.Errorf("message %d is released with a packet of type %d for %d", id, answer.FixedHeader.Type, answer.PacketID)
		}
	}
	m := message(0, "plant/d", "x")
	m.FixedHeader.Qos = 0
	d.send(m)
	out.Brings(t, "x")
}
