package mqtt

import (
	"strings"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// OnPacketRead implements [mochi.Hook]. It sees to what the driver lets pass: a topic alias
// that stands for nothing, a topic that is not for devices, and a session that is to be
// kept for longer than sessions are. And no id of a device's gets to the driver, which takes
// it for one of its own: see accept.
func (h *hook) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	switch pk.FixedHeader.Type {
	case packets.Disconnect:
		pk.Properties.SessionExpiryInterval = min(pk.Properties.SessionExpiryInterval, h.server.Options.Capabilities.MaximumSessionExpiryInterval)
	case packets.Publish:
		return h.named(cl, pk)
	case packets.Pubrel:
		h.release(cl, pk.PacketID)
		return handled(), nil
	case packets.Subscribe, packets.Unsubscribe:
		if d := h.deviceOf(cl); d != nil && pk.PacketID != 0 {
			// Without a QoS the driver asks for no id, and it gives 0 to no message.
			d.asked, pk.PacketID, pk.FixedHeader.Qos = pk.PacketID, 0, 0
		}
	}
	return pk, nil
}

// OnPacketEncode implements [mochi.Hook]. The driver answers subscriptions one by one, before
// it reads on.
func (h *hook) OnPacketEncode(cl *mochi.Client, pk packets.Packet) packets.Packet {
	if kind := pk.FixedHeader.Type; (kind == packets.Suback || kind == packets.Unsuback) && pk.PacketID == 0 {
		if d := h.deviceOf(cl); d != nil {
			pk.PacketID = d.asked
		}
	}
	return pk
}

// named finds the topic of a message. With an error, the driver ends the connection.
func (h *hook) named(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	p := &pk.Properties
	if pk.PublishValidate(h.server.Options.Capabilities.TopicAliasMaximum) != packets.CodeSuccess {
		return pk, nil // the driver says what is wrong
	}
	if p.TopicAliasFlag {
		// Here, so that what the user may publish to is held to the name.
		if pk.TopicName = cl.State.TopicAliases.Inbound.Set(p.TopicAlias, pk.TopicName); pk.TopicName == "" {
			_ = h.server.DisconnectClient(cl, packets.ErrTopicAliasInvalid) // it says how it ended the connection
			return pk, packets.ErrRejectPacket
		}
		p.TopicAlias, p.TopicAliasFlag = 0, false
	}
	switch {
	case pk.FixedHeader.Qos == 0:
		return pk, nil // and the driver drops it without a word where it may
	case !mochi.IsValidFilter(pk.TopicName, true):
		return handled(), h.refuse(cl, pk, packets.ErrTopicNameInvalid)
	}
	return handled(), h.accept(cl, pk)
}

// OnSubscribe implements [mochi.Hook].
func (h *hook) OnSubscribe(cl *mochi.Client, pk packets.Packet) packets.Packet {
	h.subscribing(cl, true)
	for i, sub := range pk.Filters {
		if strings.HasPrefix(sub.Filter, "$share//") {
			pk.Filters[i].Filter = "$share" // which the driver refuses as it should refuse this
		}
	}
	return pk
}

// OnSubscribed implements [mochi.Hook].
func (h *hook) OnSubscribed(cl *mochi.Client, _ packets.Packet, _ []byte) { h.subscribing(cl, false) }

// subscribing notes that the driver asks for a device what it may read, not whether there is
// room.
func (h *hook) subscribing(cl *mochi.Client, yes bool) {
	if d := h.deviceOf(cl); d != nil {
		d.subscribing.Store(yes)
	}
}
