package mqtt

import (
	"context"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
)

// The driver drops what it has no room for: at 1,024 messages that are to be
// written to a connected device, and at 8,192 that a session has not
// acknowledged. So a sink waits before a connected device comes near that. One
// that is away, or takes nothing for a while, cannot hold up the others: what is
// dropped for those is counted, and told.
const (
	roomEvery   = 64               // messages of a sink between two looks: eight sinks at once do not pass the bound
	roomWaiting = 512              // unacknowledged messages at which a sink waits
	stuckAfter  = 30 * time.Second // that these do not become fewer
)

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
	h.mu.Lock()
	defer h.mu.Unlock()
	for cl, d := range h.devices {
		n := cl.State.Inflight.Len()
		if n < roomWaiting || cl.Closed() {
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

// tellLost warns, now and then, of messages to devices that were dropped.
func (h *hook) tellLost(s *mochi.Server) {
	all := atomic.LoadInt64(&s.Info.InflightDropped) + atomic.LoadInt64(&s.Info.MessagesDropped)
	if all == h.lost.Load() || !due(&h.lostLogged) {
		return
	}
	h.broker.env.Logger.Warn("messages to devices are dropped, because more wait for them than the broker keeps: those that are away, or do not acknowledge, miss them",
		"dropped", all-h.lost.Swap(all), "kept for a session", s.Options.Capabilities.MaximumInflight)
}

// due reports whether something that was last logged then is to be logged now.
func due(logged *atomic.Int64) bool {
	now, last := time.Now().UnixNano(), logged.Load()
	return now-last >= int64(everySoOften) && logged.CompareAndSwap(last, now)
}
