package mqtt_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors/bustest"
)

// A device gets no more at once than it says that it takes, and misses nothing when its connection
// ends before it has acknowledged what it got.
func TestReceiveMaximumOfADevice(t *testing.T) {
	t.Parallel()
	const total = 9
	for _, most := range []uint16{1, 2, 5} {
		for qos := byte(1); qos <= 2; qos++ {
			t.Run(fmt.Sprintf("%d with QoS %d", most, qos), func(t *testing.T) {
				t.Parallel()
				_, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
				again := func() *client {
					t.Helper()
					c, answer := enterWith(t, addr, 5, "d", packets.Properties{ReceiveMaximum: most})
					if answer.ReasonCode != 0 {
						t.Fatalf("not let in: %#x", answer.ReasonCode)
					}
					return c
				}
				d := again()
				on := word(packets.Subscribe, 1)
				on.Filters = packets.Subscriptions{{Filter: "cmd/#", Qos: qos}}
				d.ask(on)
				other := let(t, addr, 5, "other")
				left := map[string]bool{}
				for id := uint16(1); id <= total; id++ {
					m := message(id, "cmd/x", fmt.Sprint(id))
					m.FixedHeader.Qos = qos
					left[string(m.Payload)] = true
					other.ask(m)
					if qos == 2 {
						other.ask(word(packets.Pubrel, id))
					}
				}
				// It takes what comes, acknowledges one, takes what comes, and loses the connection.
				for len(left) > 0 {
					now := min(int(most), len(left))
					got := d.messages(now)
					d.quiet()
					first := slices.Sorted(maps.Keys(got))[0]
					if !left[first] {
						t.Fatalf("%q came, which was acknowledged", first)
					}
					if qos == 1 {
						d.send(word(packets.Puback, got[first]))
					} else {
						if answer := d.ask(word(packets.Pubrec, got[first])); answer.FixedHeader.Type != packets.Pubrel {
							t.Fatalf("PUBREC is answered with a packet of type %d", answer.FixedHeader.Type)
						}
						d.send(word(packets.Pubcomp, got[first]))
					}
					delete(left, first)
					if len(left) >= now {
						d.messages(1)
					}
					d.quiet()
					d.cut()
					d = again()
				}
				d.quiet()
			})
		}
	}
}

// A device that acknowledges gets all that was held back, without a new connection.
func TestWhatIsHeldBackComes(t *testing.T) {
	t.Parallel()
	const most, total = 3, 50
	_, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
	d, _ := enterWith(t, addr, 5, "d", packets.Properties{ReceiveMaximum: most})
	if granted := d.subscribe("cmd/#"); granted != 1 {
		t.Fatalf("granted %#x", granted)
	}
	other := let(t, addr, 5, "other")
	for id := uint16(1); id <= total; id++ {
		other.ask(message(id, "cmd/x", fmt.Sprint(id)))
	}
	open := d.messages(most)
	got := maps.Clone(open)
	for len(open) > 0 {
		for payload, id := range open {
			delete(open, payload)
			d.send(word(packets.Puback, id))
			if len(got) < total {
				one := d.messages(1)
				maps.Copy(open, one)
				maps.Copy(got, one)
			}
			break
		}
	}
	d.quiet()
	if len(got) != total {
		t.Errorf("%d different messages came", len(got))
	}
}

// Topics are written out to a device that takes aliases: what it has not acknowledged comes again
// over a connection that does not know them.
func TestMessagesOverConnectionsHaveTheirTopic(t *testing.T) {
	t.Parallel()
	_, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
	d, _ := enterWith(t, addr, 5, "d", packets.Properties{TopicAliasMaximum: 10})
	if granted := d.subscribe("cmd/#"); granted != 1 {
		t.Fatalf("granted %#x", granted)
	}
	other := let(t, addr, 5, "other")
	for id := uint16(1); id <= 3; id++ {
		other.ask(message(id, "cmd/x", fmt.Sprint(id)))
	}
	d.messages(3)
	d.cut()
	d, _ = enterWith(t, addr, 5, "d", packets.Properties{TopicAliasMaximum: 10})
	d.messages(3)
}
