package mqtt

import (
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// retained knows how much the retained messages of an embedded broker take.
type retained struct {
	most int64

	mu    sync.Mutex
	sizes map[string]int64 // by topic
	bytes int64
}

func newRetained(most int64) *retained { return &retained{most: most, sizes: map[string]int64{}} }

// reserve takes room for a message that is to be retained, in place of the one of its topic,
// and reports false where there is none. One without payload removes what there is.
func (r *retained) reserve(pk packets.Packet) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := sizeOf(pk)
	switch {
	case len(pk.Payload) == 0:
		return true
	case r.bytes-r.sizes[pk.TopicName]+n > r.most:
		return false
	}
	r.set(pk.TopicName, n)
	return true
}

// set notes what a topic's message takes, 0 for none; r.mu is held.
func (r *retained) set(topic string, n int64) {
	r.bytes += n - r.sizes[topic]
	if n == 0 {
		delete(r.sizes, topic)
		return
	}
	r.sizes[topic] = n
}

// settle looks at what the broker retains of a topic.
func (r *retained) settle(s *mochi.Server, topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.look(s, topic)
}

// look does so; r.mu is held.
func (r *retained) look(s *mochi.Server, topic string) {
	pk, there := s.Topics.Retained.Get(topic)
	if !there {
		r.set(topic, 0)
		return
	}
	r.set(topic, sizeOf(pk))
}

// tidy gives back the room of messages that were not retained after all, such as wills that
// were to be sent later.
func (r *retained) tidy(s *mochi.Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic := range r.sizes {
		r.look(s, topic)
	}
}

// OnRetainMessage implements [mochi.Hook].
func (h *hook) OnRetainMessage(_ *mochi.Client, pk packets.Packet, _ int64) {
	h.retained.settle(h.server, pk.TopicName)
}

// OnRetainedExpired implements [mochi.Hook].
func (h *hook) OnRetainedExpired(topic string) { h.retained.settle(h.server, topic) }

// OnWill implements [mochi.Hook]. Nobody can be told that a will is not retained.
func (h *hook) OnWill(_ *mochi.Client, will mochi.Will) (mochi.Will, error) {
	if pk := (packets.Packet{TopicName: will.TopicName, Payload: will.Payload}); will.Retain && !h.retained.reserve(pk) {
		will.Retain = false
		h.losses.add(h.broker.env.Logger, lossRetained, "topic", will.TopicName)
	}
	return will, nil
}
