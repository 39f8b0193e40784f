package mqtt_test

import (
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestTopicAliases(t *testing.T) {
	t.Parallel()
	user := plugins.ConfigBlock{Name: "user", Label: "sensor", Config: plugins.NewConfig(map[string]any{"password": plugins.NewSecret("x"), "publish": []string{"plant.>"}})}
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, nil, user)), bustest.Env("connector.bus"))
	out := &bustest.Outlet{}
	source := reader(t, bus, connectors.Subscription{Topic: "plant.>"})
	bustest.Start(t, source, out)
	d := dial(t, addressOf(t, source), 5)
	hello := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: packets.ConnectParams{
		ProtocolName: []byte("MQTT"), ClientIdentifier: "d", UsernameFlag: true, Username: []byte("sensor"), PasswordFlag: true, Password: []byte("x"),
	}}
	if answer := d.ask(hello); answer.ReasonCode != 0 {
		t.Fatalf("not let in: %#x", answer.ReasonCode)
	}
	alias := func(id uint16, topic string, alias uint16, payload string) packets.Packet {
		m := message(id, topic, payload)
		m.Properties.TopicAlias, m.Properties.TopicAliasFlag = alias, true
		return d.ask(m)
	}
	for id, m := range []packets.Packet{alias(1, "plant/d1", 7, "one"), alias(2, "", 7, "two")} {
		if m.FixedHeader.Type != packets.Puback || m.ReasonCode != 0 {
			t.Errorf("message %d is answered with a packet of type %d and %#x", id, m.FixedHeader.Type, m.ReasonCode)
		}
	}
	out.Brings(t, "one", "two")
	if m := alias(3, "secret", 8, "not allowed"); m.ReasonCode != packets.ErrNotAuthorized.Code {
		t.Errorf("a topic that the user may not publish to: %#x", m.ReasonCode)
	}
	if m := alias(4, "", 8, "not allowed"); m.ReasonCode != packets.ErrNotAuthorized.Code {
		t.Errorf("its alias: %#x", m.ReasonCode)
	}
	if m := alias(5, "", 9, "lost"); m.FixedHeader.Type != packets.Disconnect || m.ReasonCode != packets.ErrTopicAliasInvalid.Code {
		t.Errorf("an unknown alias is answered with a packet of type %d and %#x", m.FixedHeader.Type, m.ReasonCode)
	}
	d.ended()
}

func TestTopicsOfTheBrokerAreRefused(t *testing.T) {
	t.Parallel()
	_, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
	d := let(t, addr, 5, "d")
	for qos, kind := range map[byte]byte{1: packets.Puback, 2: packets.Pubrec} {
		m := message(uint16(qos), "$SYS/broker/version", "mine")
		m.FixedHeader.Qos = qos
		if answer := d.ask(m); answer.FixedHeader.Type != kind || answer.PacketID != uint16(qos) || answer.ReasonCode != packets.ErrTopicNameInvalid.Code {
			t.Errorf("with QoS %d it is answered with a packet of type %d for %d and %#x", qos, answer.FixedHeader.Type, answer.PacketID, answer.ReasonCode)
		}
	}
	old := let(t, addr, 4, "old")
	old.send(message(1, "$SYS/broker/version", "mine"))
	old.ended()
}

func TestShareWithoutANameIsRefused(t *testing.T) {
	t.Parallel()
	_, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
	d := let(t, addr, 5, "d")
	if granted := d.subscribe("$share//x"); granted != packets.ErrTopicFilterInvalid.Code {
		t.Errorf("it is answered with %#x", granted)
	}
	if granted := d.subscribe("$share/g/x"); granted != 1 {
		t.Errorf("with a name it is answered with %#x", granted)
	}
}
