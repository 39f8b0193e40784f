package mqtt

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// loss is a reason for which the embedded broker does not take or keep a message.
type loss int

const (
	lossPipeline loss = iota
	lossQueue
	lossRefused
	lossRetained
	lossSessions
	lossKinds
)

// text says what happens and what to do.
func (l loss) text() string {
	switch l {
	case lossPipeline:
		return "the pipeline is full: messages with QoS 0 are dropped; devices that publish with QoS 1 wait instead"
	case lossQueue:
		return "messages to devices are dropped, because more wait for them than the broker keeps: those that are away, or do not acknowledge, miss them; raise max_queued_messages, max_session_bytes or max_queued_bytes of the block embedded, or let sessions end sooner with session_expiry"
	case lossRefused:
		return "messages of devices are refused, because devices that read them are away, or do not acknowledge, and more wait for those than the broker keeps: let them connect, raise max_queued_messages, max_session_bytes or max_queued_bytes of the block embedded, or let sessions end sooner with session_expiry"
	case lossRetained:
		return "messages are not retained, because those that are take max_retained_bytes of the block embedded: raise it, or remove some by publishing an empty one to their topics"
	case lossSessions:
		return "devices that ask for a session are not let in, because max_sessions of the block embedded are kept: raise it, or let sessions end sooner with session_expiry"
	}
	return ""
}

// drops reports whether a message is lost with it, of which nobody is told.
func (l loss) drops() bool { return l == lossPipeline || l == lossQueue }

// losses counts what an embedded broker does not take or keep, and tells it: at once when
// it begins, and then now and then.
type losses struct {
	dropped atomic.Int64 // messages of which nobody was told
	kinds   [lossKinds]struct {
		count  atomic.Int64 // since it was logged last
		logged atomic.Int64 // when that was, ns since 1970
	}
}

// everySoOften is how often it is logged that messages are dropped.
const everySoOften = 10 * time.Second

// add counts one. The attributes are an example.
func (x *losses) add(log *slog.Logger, l loss, example ...any) {
	if l.drops() {
		x.dropped.Add(1)
	}
	k := &x.kinds[l]
	k.count.Add(1)
	now, last := time.Now().UnixNano(), k.logged.Load()
	if now-last < int64(everySoOften) || !k.logged.CompareAndSwap(last, now) {
		return
	}
	log.Warn(l.text(), append(example, "times", k.count.Swap(0))...)
}

// rest tells what came after the last warnings.
func (x *losses) rest(log *slog.Logger) {
	for l := range lossKinds {
		if n := x.kinds[l].count.Swap(0); n > 0 {
			log.Warn(l.text(), "times", n)
		}
	}
}
