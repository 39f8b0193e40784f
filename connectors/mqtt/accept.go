package mqtt

import (
	"sync"
	"sync/atomic"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// The driver has one table for a session's messages to the device and from it, by their ids,
// which are independent of each other: a message of the device's with the id of one that
// waits for it would take that out. So what a device publishes with QoS 1 and 2 is worked on
// and answered here, before the driver gets it.

// handled is a packet instead of one that was worked on here: the driver does nothing with the
// acknowledgement of a message that there is not.
func handled() packets.Packet {
	return packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}}
}

// accept works on a message with QoS 1 or 2. What sources read with QoS 1 is acknowledged by
// the device's own goroutine later, so that a device may have many messages under way. With an
// error the connection is over.
func (h *hook) accept(cl *mochi.Client, pk packets.Packet) error {
	if !h.broker.people.may(string(cl.Properties.Username), pk.TopicName, true) {
		return h.refuse(cl, pk, packets.ErrNotAuthorized)
	}
	d := h.deviceOf(cl)
	if d == nil {
		return packets.ErrRejectPacket
	}
	pk.Origin = cl.ID
	exactly := pk.FixedHeader.Qos == 2
	if exactly && d.received.has(pk.PacketID) {
		acknowledge(cl, packets.Pubrec, pk.PacketID, packets.CodeSuccess)
		return nil
	}
	most := int(h.server.Options.Capabilities.ReceiveMaximum)
	if exactly && d.received.len() >= most {
		_ = h.server.DisconnectClient(cl, packets.ErrReceiveMaximum) // it says how it ended the connection
		return packets.ErrRejectPacket
	}
	boxes := h.broker.hub.matching(nil, pk.TopicName)
	if !h.keepable(cl, pk, len(boxes) > 0) {
		return h.refuse(cl, pk, packets.ErrQuotaExceeded)
	}
	switch {
	case exactly:
		if err := h.safe(boxes, pk); err != nil {
			h.retained.settle(h.server, pk.TopicName)
			cl.Stop(err)
			return packets.ErrRejectPacket
		}
		d.received.add(pk.PacketID)
		h.pass(d, pk)
		acknowledge(cl, packets.Pubrec, pk.PacketID, packets.CodeSuccess)
	case len(boxes) == 0:
		h.pass(d, pk)
		acknowledge(cl, packets.Puback, pk.PacketID, packets.CodeSuccess)
	case !d.admit(h.broker.ctx, most):
		h.retained.settle(h.server, pk.TopicName)
		return packets.ErrRejectPacket
	default:
		u := d.expect(pk.PacketID)
		h.pass(d, pk)
		spread(h.broker.ctx, boxes, publicationOf(pk), func(err error) { h.answered(d, u, err) })
	}
	return nil
}

// safe returns when all that read a message have it safe: those with QoS 2 go one by one.
func (h *hook) safe(boxes []*box, pk packets.Packet) error {
	if len(boxes) == 0 {
		return nil
	}
	verdict := make(chan error, 1)
	spread(h.broker.ctx, boxes, publicationOf(pk), func(err error) { verdict <- err })
	select {
	case err := <-verdict:
		return err
	case <-h.broker.ctx.Done():
		return errLeft
	}
}

// pass sends a message on to other devices that read it.
func (h *hook) pass(d *device, pk packets.Packet) {
	if !pk.FixedHeader.Retain && atomic.LoadInt64(&h.server.Info.Subscriptions) == 0 {
		return
	}
	if d.inside == nil { // a name of its own: devices can ask not to get what they sent
		d.inside = h.server.NewClient(nil, "inside", d.client.ID, true)
	}
	d.inside.Properties.ProtocolVersion = pk.ProtocolVersion
	_ = h.server.InjectPacket(d.inside, pk) // it was validated
}

// release answers a device's last word about a message with QoS 2.
func (h *hook) release(cl *mochi.Client, id uint16) {
	reason := packets.ErrPacketIdentifierNotFound
	if d := h.deviceOf(cl); d != nil && d.received.remove(id) {
		reason = packets.CodeSuccess
	}
	acknowledge(cl, packets.Pubcomp, id, reason)
}

// refuse answers a message with QoS 1 or 2 that is not taken. Before MQTT 5 that is not
// possible: then the connection is ended, and the error says so.
func (h *hook) refuse(cl *mochi.Client, pk packets.Packet, why packets.Code) error {
	if cl.Properties.ProtocolVersion < 5 {
		cl.Stop(why)
		return packets.ErrRejectPacket
	}
	kind := packets.Puback
	if pk.FixedHeader.Qos == 2 {
		kind = packets.Pubrec
	}
	acknowledge(cl, kind, pk.PacketID, why)
	return nil
}

// acknowledge answers a packet of a device that has an id.
func acknowledge(cl *mochi.Client, kind byte, id uint16, reason packets.Code) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id, ReasonCode: reason.Code}
	if reason.Code >= packets.ErrUnspecifiedError.Code {
		pk.Properties.ReasonString = reason.Reason
	}
	_ = cl.WritePacket(pk) // the device may have gone
}

// received are the ids of messages with QoS 2 that the broker has and the device has not
// released. They are part of the session: of a device that comes back before its former
// connection is noticed to be over, two connections have them.
type received struct {
	mu  sync.Mutex
	ids map[uint16]struct{}
}

func newReceived() *received { return &received{ids: map[uint16]struct{}{}} }

func (r *received) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ids)
}

func (r *received) has(id uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.ids[id]
	return there
}

func (r *received) add(id uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[id] = struct{}{}
}

// remove reports whether there was one.
func (r *received) remove(id uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.ids[id]
	delete(r.ids, id)
	return there
}
