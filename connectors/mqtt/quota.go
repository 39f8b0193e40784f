package mqtt

import (
	"unsafe"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/plugins"
)

// quota is how much an embedded broker keeps in memory for devices.
type quota struct {
	sessions     int   // that outlive their connection
	messages     int   // that wait for one session
	sessionBytes int64 // the same in bytes
	queuedBytes  int64 // for all sessions
	retained     int64 // bytes of retained messages
}

// The driver has 65,535 numbers for the messages of a session, and needs some to spare.
const (
	maxQueuedMessages = 60_000
	minSessions       = 5000 // that may be kept where the block does not say how many
)

func quotaAttrs() []plugins.Attr {
	return []plugins.Attr{
		{Name: "max_sessions", Type: plugins.AttrInt, Min: plugins.Bound(1), Doc: "How many sessions that outlive their connection are kept, of devices that are connected or away; another device that asks for one is not let in (0x97, quota exceeded; before MQTT 5: server unavailable). Without it 5,000, or max_clients where that is more. They end session_expiry after the device went."},
		{Name: "max_queued_messages", Type: plugins.AttrInt, Default: int64(8192), Min: plugins.Bound(1), Max: plugins.Bound(maxQueuedMessages), Doc: "How many messages with QoS 1 or 2 may wait for one session. When there are so many, one more that a device publishes, and that no source reads, is refused (0x97, quota exceeded; before MQTT 5 by closing the connection); what sources read and sinks write is dropped for that session, counted and warned of."},
		{Name: "max_session_bytes", Type: plugins.AttrSize, Default: int64(32 << 20), Min: plugins.Bound(1024), Doc: "The same in bytes of memory; each message counts for about 1.6 KiB more than it has."},
		{Name: "max_queued_bytes", Type: plugins.AttrSize, Default: int64(128 << 20), Min: plugins.Bound(1024), Doc: "How many bytes may wait for all sessions together."},
		{Name: "max_retained_bytes", Type: plugins.AttrSize, Default: int64(64 << 20), Min: plugins.Bound(1024), Doc: "How many bytes of retained messages are kept, counted in the same way. One for which there is no room is refused."},
	}
}

func quotaOf(own plugins.Config) quota {
	q := quota{
		sessions: int(own.Int("max_sessions")), messages: int(own.Int("max_queued_messages")), sessionBytes: own.Int("max_session_bytes"),
		queuedBytes: own.Int("max_queued_bytes"), retained: own.Int("max_retained_bytes"),
	}
	if q.sessions == 0 {
		q.sessions = max(minSessions, int(own.Int("max_clients")))
	}
	return q
}

// perMessage is about how much memory the driver takes to keep a message besides what is in it:
// it copies all of them once a second, to see which have expired.
const perMessage = 2 * int64(unsafe.Sizeof(packets.Packet{}))

// sizeOf returns how much memory a message is taken to need.
func sizeOf(pk packets.Packet) int64 {
	p := pk.Properties
	n := int(perMessage) + len(pk.TopicName) + len(pk.Payload) + len(p.ContentType) + len(p.ResponseTopic) + len(p.CorrelationData)
	for _, u := range p.User {
		n += int(unsafe.Sizeof(u)) + len(u.Key) + len(u.Val)
	}
	return int64(n)
}
