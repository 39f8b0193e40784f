package mqtt

import (
	"context"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/mochi-mqtt/server/v2/system"
)

// The driver drops what it has no room for: at 1,024 messages that are to be
// written to a connected device; and it keeps for a session what the quota allows.
// So a sink waits before a connected device comes near that. One that is away, or
// takes nothing for a while, cannot hold up the others: what is dropped for those
// is counted, and told. A device that publishes what no source reads can be told
// that there is no room, and is.
const (
	roomMost   = 1024             // unacknowledged messages of a device: at half of them a sink waits
	stuckAfter = 30 * time.Second // that these do not become fewer
)

// pace is at how much that a device has not acknowledged a sink waits, and how much it writes
// between two looks at that: eight sinks at once do not pass the bound.
type pace struct {
	waiting, every           int   // messages
	waitingBytes, everyBytes int64 // bytes, as they are counted
}

// pace returns how sinks are to write now. What all sessions may keep together is held against
// connected devices only when they are behind: so they are kept from that.
func (q *queues) pace() pace {
	messages, bytes := min(roomMost, q.quota.messages), q.quota.sessionBytes
	if q.pressed.Load() {
		q.mu.Lock()
		if 2*q.bytes >= q.quota.queuedBytes {
			messages, bytes = min(messages, behindMessages), min(bytes, behindBytes)
		}
		q.mu.Unlock()
	}
	return pace{max(1, messages/2), max(1, messages/16), bytes / 2, bytes / 16}
}

// bytesOf returns how many bytes wait for a device, 0 where they are few.
func (q *queues) bytesOf(cl *mochi.Client) int64 {
	if !q.pressed.Load() {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if x := q.of[cl]; x != nil {
		q.refresh(cl, x)
		return x.bytes
	}
	return 0
}

// room waits until each connected device can take more.
func (h *hook) room(ctx context.Context) error {
	var poll *time.Ticker
	for {
		if !h.crowded(time.Now()) {
			return nil
		}
		if poll == nil {
			poll = time.NewTicker(time.Millisecond)
			defer poll.Stop()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}

// crowded reports whether there is a device to be waited for.
func (h *hook) crowded(now time.Time) (crowded bool) {
	p := h.queues.pace()
	h.mu.Lock()
	defer h.mu.Unlock()
	for cl, d := range h.devices {
		n := cl.State.Inflight.Len()
		if n < p.waiting && h.queues.bytesOf(cl) < p.waitingBytes || cl.Closed() {
			d.unacked = 0
			continue
		}
		if d.unacked == 0 || n < d.unacked { // it was not crowded before, or acknowledges
			d.unacked, d.since = n, now
		}
		crowded = crowded || now.Sub(d.since) < stuckAfter
	}
	return crowded
}

// takes reports whether there is room for one more message to a device, and counts it as
// dropped where there is none: also one with QoS 0, as the driver does not say which it is.
func (h *hook) takes(cl *mochi.Client) bool {
	if !h.queues.full(cl, 0) {
		return true
	}
	if d := h.deviceOf(cl); d != nil && d.subscribing.Load() {
		return true // it is not asked for a message
	}
	h.losses.add(h.broker.env.Logger, lossQueue, "client", cl.ID)
	return false
}

// keepable reports whether there is room for what a device's message asks to be kept. What a
// source reads is not refused for the sake of devices that read it, too: one that is away for
// good would end the pipeline.
func (h *hook) keepable(cl *mochi.Client, pk packets.Packet, read bool) bool {
	reason := lossRefused
	switch {
	case pk.FixedHeader.Qos > 0 && !read && h.noRoom(pk):
	case pk.FixedHeader.Retain && !h.retained.reserve(pk):
		reason = lossRetained
	default:
		return true
	}
	h.losses.add(h.broker.env.Logger, reason, "client", cl.ID, "topic", pk.TopicName)
	return false
}

// noRoom reports whether some device that reads a message with QoS 1 or 2 would miss it.
func (h *hook) noRoom(pk packets.Packet) bool {
	size := sizeOf(pk)
	if !h.queues.pressed.Load() && 2*size*atomic.LoadInt64(&h.server.Info.Subscriptions) < h.queues.quota.queuedBytes {
		return false
	}
	all := h.server.Topics.Subscribers(pk.TopicName)
	for _, members := range all.Shared { // any of them may get it
		for id, sub := range members {
			all.Subscriptions[id] = sub
		}
	}
	var readers []*mochi.Client
	for id, sub := range all.Subscriptions {
		cl, there := h.server.Clients.Get(id)
		if there && sub.Qos > 0 && (!sub.NoLocal || id != pk.Origin) && h.broker.people.may(string(cl.Properties.Username), pk.TopicName, false) {
			readers = append(readers, cl)
		}
	}
	for _, cl := range readers {
		if h.queues.full(cl, size*int64(len(readers)-1)) { // the last one may be over the bound
			return true
		}
	}
	return false
}

// OnPublishDropped implements [mochi.Hook].
func (h *hook) OnPublishDropped(cl *mochi.Client, _ packets.Packet) {
	h.losses.add(h.broker.env.Logger, lossQueue, "client", cl.ID)
}

// OnQosPublish implements [mochi.Hook].
func (h *hook) OnQosPublish(cl *mochi.Client, pk packets.Packet, _ int64, _ int) {
	h.queues.keep(cl, pk)
}

// OnQosComplete implements [mochi.Hook].
func (h *hook) OnQosComplete(cl *mochi.Client, pk packets.Packet) { h.queues.release(cl, pk.PacketID) }

// OnQosDropped implements [mochi.Hook].
func (h *hook) OnQosDropped(cl *mochi.Client, pk packets.Packet) { h.queues.release(cl, pk.PacketID) }

// OnSysInfoTick implements [mochi.Hook]: it comes once a minute.
func (h *hook) OnSysInfoTick(*system.Info) {
	h.queues.tidy(func(cl *mochi.Client) bool {
		now, there := h.server.Clients.Get(cl.ID)
		return there && now == cl
	})
	h.retained.tidy(h.server)
	h.mu.Lock()
	defer h.mu.Unlock()
	for cl := range h.devices {
		if cl.Closed() { // the driver does not tell of one that went while it was let in
			delete(h.devices, cl)
		}
	}
	h.losses.rest(h.broker.env.Logger)
}
