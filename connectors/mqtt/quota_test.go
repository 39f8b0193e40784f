package mqtt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// bounded starts an embedded broker with a quota, and a source of plant.>.
func bounded(t *testing.T, quota, values map[string]any) (bus connectors.Bus, addr string, out *bustest.Outlet, log *bustest.Journal) {
	t.Helper()
	log, out = &bustest.Journal{}, &bustest.Outlet{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	quota["anonymous"] = true
	bus = bustest.Connect(t, kindOf(t), block(t, values, own(t, quota)), env)
	source := reader(t, bus, connectors.Subscription{Topic: "plant.>"})
	bustest.Start(t, source, out)
	return bus, addressOf(t, source), out, log
}

func dropped(bus connectors.Bus) int64 { return bus.(plugins.Monitored).Status().Dropped }

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	bus, addr, _, log := bounded(t, map[string]any{"max_sessions": int64(2)}, map[string]any{"session_expiry": time.Hour})
	let(t, addr, 5, "a")
	away(t, bus, addr, "b", "x")
	for version, reason := range map[byte]byte{5: packets.ErrQuotaExceeded.Code, 4: packets.Err3ServerUnavailable.Code} {
		c, answer := enter(t, addr, version, "c")
		if answer.ReasonCode != reason {
			t.Errorf("a third session over MQTT version %d is answered with %#x, want %#x", version, answer.ReasonCode, reason)
		}
		c.ended()
	}
	let(t, addr, 5, "b") // has one
	if want := "devices that ask for a session are not let in, because max_sessions of the block embedded are kept"; !strings.Contains(log.String(), want) {
		t.Errorf("the log has no line %q:\n%s", want, log)
	}
}

// A session that ends makes room.
func TestSessionThatEndsMakesRoom(t *testing.T) {
	t.Parallel()
	_, addr, _, _ := bounded(t, map[string]any{"max_sessions": int64(1)}, nil)
	c := let(t, addr, 5, "a")
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, Properties: packets.Properties{SessionExpiryIntervalFlag: true}})
	c.ended()
	bustest.Eventually(t, "another device is let in", func() bool {
		_, answer := enter(t, addr, 5, "b")
		return answer.ReasonCode == 0
	})
}

// A device that says goodbye cannot have its session kept for longer than sessions are.
func TestSessionIsNotKeptLongerThanSessionExpiry(t *testing.T) {
	t.Parallel()
	_, addr, _, _ := bounded(t, map[string]any{"max_sessions": int64(1)}, map[string]any{"session_expiry": time.Second})
	c := let(t, addr, 5, "a")
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, Properties: packets.Properties{SessionExpiryInterval: 3600, SessionExpiryIntervalFlag: true}})
	c.ended()
	bustest.Eventually(t, "the session ends", func() bool {
		_, answer := enter(t, addr, 5, "b")
		return answer.ReasonCode == 0
	})
}

func TestQueuesAreBounded(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 10_000)
	for name, c := range map[string]struct {
		quota map[string]any
		away  int
		fits  int // messages for all that are away
		miss  int // how many of them miss the one that is taken then
	}{
		"messages":          {map[string]any{"max_queued_messages": int64(3)}, 1, 3, 1},
		"bytes":             {map[string]any{"max_session_bytes": int64(50_000)}, 1, 5, 1},
		"bytes of all":      {map[string]any{"max_queued_bytes": int64(100_000)}, 1, 9, 1},
		"bytes of several":  {map[string]any{"max_queued_bytes": int64(100_000)}, 4, 2, 3},
		"messages, several": {map[string]any{"max_queued_messages": int64(4)}, 3, 4, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus, addr, out, log := bounded(t, c.quota, nil)
			for i := range c.away {
				away(t, bus, addr, fmt.Sprintf("away-%d", i), "#")
			}
			// What no source reads is refused when it has no room.
			d := let(t, addr, 5, "d")
			for id := uint16(1); int(id) <= c.fits+3; id++ {
				want := byte(0)
				if int(id) > c.fits {
					want = packets.ErrQuotaExceeded.Code
				}
				if answer := d.ask(message(id, "other", big)); answer.FixedHeader.Type != packets.Puback || answer.PacketID != id || answer.ReasonCode != want {
					t.Errorf("message %d is answered with a packet of type %d and %#x, want %#x", id, answer.FixedHeader.Type, answer.ReasonCode, want)
				}
			}
			second := message(1, "other", big)
			second.FixedHeader.Qos = 2
			if answer := d.ask(second); answer.FixedHeader.Type != packets.Pubrec || answer.ReasonCode != packets.ErrQuotaExceeded.Code {
				t.Errorf("a message with QoS 2 is answered with a packet of type %d and %#x", answer.FixedHeader.Type, answer.ReasonCode)
			}
			old := let(t, addr, 4, "old")
			old.send(message(1, "other", big))
			old.ended()
			if want := "messages of devices are refused, because devices that read them are away, or do not acknowledge"; !strings.Contains(log.String(), want) {
				t.Errorf("the log has no line %q:\n%s", want, log)
			}
			if n := dropped(bus); n != 0 {
				t.Errorf("%d are counted as dropped", n)
			}
			// What a source reads is taken; those who are away miss it, and that is told.
			if answer := d.ask(message(2, "plant/x", big)); answer.ReasonCode != 0 {
				t.Errorf("what a source reads is answered with %#x", answer.ReasonCode)
			}
			out.Brings(t, big)
			bustest.Eventually(t, "it is counted", func() bool { return dropped(bus) == int64(c.miss) })
			if want := "messages to devices are dropped, because more wait for them than the broker keeps"; !strings.Contains(log.String(), want) {
				t.Errorf("the log has no line %q:\n%s", want, log)
			}
			// Who comes back gets what was confirmed, and makes room by that.
			for i := range c.away {
				back := let(t, addr, 5, fmt.Sprintf("away-%d", i))
				for range c.fits {
					m, err := back.read()
					if err != nil || m.TopicName == "" {
						t.Fatalf("there came %q, %v", m.TopicName, err)
					}
					back.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: m.PacketID})
				}
			}
			bustest.Eventually(t, "there is room again", func() bool { return d.ask(message(3, "other", "small")).ReasonCode == 0 })
		})
	}
}

func TestRetainedMessagesAreBounded(t *testing.T) {
	t.Parallel()
	bus, addr, out, log := bounded(t, map[string]any{"max_retained_bytes": int64(50_000)}, map[string]any{"retain": true})
	big := strings.Repeat("x", 20_000)
	d := let(t, addr, 5, "d")
	retain := func(id uint16, topic, payload string) byte {
		m := message(id, topic, payload)
		m.FixedHeader.Retain = true
		return d.ask(m).ReasonCode
	}
	for id, topic := range []string{"a", "plant/b", "a"} { // one takes the place of another
		if reason := retain(uint16(id+1), topic, big); reason != 0 {
			t.Fatalf("topic %s: %#x", topic, reason)
		}
	}
	for id, topic := range []string{"c", "plant/c"} {
		if reason := retain(uint16(id+10), topic, big); reason != packets.ErrQuotaExceeded.Code {
			t.Errorf("topic %s: %#x", topic, reason)
		}
	}
	if want := "messages are not retained, because those that are take max_retained_bytes of the block embedded"; !strings.Contains(log.String(), want) {
		t.Errorf("the log has no line %q:\n%s", want, log)
	}
	err := answered(t, give(t, writer(t, bus, "plant.sink"), connectors.Record{Value: []byte(big)}))
	if want := `topic "plant/sink": the broker has no room to retain the record: raise max_retained_bytes of the block embedded`; err == nil || !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("a sink is answered with %v, want %s", err, want)
	}
	if reason := retain(20, "a", ""); reason != 0 {
		t.Errorf("an empty one is answered with %#x", reason)
	}
	if reason := retain(21, "plant/c", big); reason != 0 {
		t.Errorf("with room, it is answered with %#x", reason)
	}
	out.Brings(t, big, big)
}
