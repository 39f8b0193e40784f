package mqtt

import (
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// queues knows what the embedded broker keeps for sessions until they acknowledge it. The
// driver tells of each message that it keeps, but not of each that it takes out: what it
// has is looked at again before a session is taken for full.
type queues struct {
	quota quota

	mu      sync.Mutex
	of      map[*mochi.Client]*queue
	bytes   int64
	looked  time.Time // at all of them, because they are full together
	pressed atomic.Bool
}

// queue is what is kept for one session.
type queue struct {
	sizes map[uint16]int64 // of messages, by the driver's number
	bytes int64
}

func newQueues(q quota) *queues { return &queues{quota: q, of: map[*mochi.Client]*queue{}} }

// keep notes that a message is kept.
func (q *queues) keep(cl *mochi.Client, pk packets.Packet) {
	q.mu.Lock()
	defer q.mu.Unlock()
	x := q.of[cl]
	if x == nil {
		x = &queue{sizes: map[uint16]int64{}}
		q.of[cl] = x
	}
	q.drop(x, pk.PacketID)
	n := sizeOf(pk)
	x.sizes[pk.PacketID] = n
	x.bytes += n
	q.bytes += n
	// From here on, somebody looks before more is kept.
	if 2*len(x.sizes) >= q.quota.messages || 2*x.bytes >= q.quota.sessionBytes || 2*q.bytes >= q.quota.queuedBytes {
		q.pressed.Store(true)
	}
}

// release notes that a message is not kept any more.
func (q *queues) release(cl *mochi.Client, id uint16) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if x := q.of[cl]; x != nil {
		q.drop(x, id)
		if len(x.sizes) == 0 {
			delete(q.of, cl)
		}
	}
}

// drop takes a message out; q.mu is held.
func (q *queues) drop(x *queue, id uint16) {
	n := x.sizes[id]
	delete(x.sizes, id)
	x.bytes -= n
	q.bytes -= n
}

// forget notes that a session is over.
func (q *queues) forget(cl *mochi.Client) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(cl)
}

// remove takes a session out; q.mu is held.
func (q *queues) remove(cl *mochi.Client) {
	if x := q.of[cl]; x != nil {
		q.bytes -= x.bytes
		delete(q.of, cl)
	}
}

// full reports whether a session may be kept no more messages for, now or, where size is not
// 0, with so many bytes more for all sessions. What all may keep together is held against
// those that are behind: the others need it for a moment only.
func (q *queues) full(cl *mochi.Client, size int64) bool {
	if !q.pressed.Load() && 2*size < q.quota.queuedBytes {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	x := q.of[cl]
	if x == nil {
		x = &queue{}
	}
	if q.over(x) {
		if q.refresh(cl, x); q.over(x) {
			return true
		}
	}
	if q.bytes+size < q.quota.queuedBytes || !cl.Closed() && len(x.sizes) < behindMessages && x.bytes < behindBytes {
		return false
	}
	q.refreshAll()
	return q.bytes+size >= q.quota.queuedBytes
}

// What waits for a connected device that keeps up is less.
const (
	behindMessages = 64
	behindBytes    = 1 << 20
)

// over reports whether a session has what it may; q.mu is held.
func (q *queues) over(x *queue) bool {
	return len(x.sizes) >= q.quota.messages || x.bytes >= q.quota.sessionBytes
}

// refresh forgets what the driver has taken out without a word; q.mu is held.
func (q *queues) refresh(cl *mochi.Client, x *queue) {
	if len(x.sizes) == cl.State.Inflight.Len() {
		return
	}
	for id := range x.sizes {
		if _, there := cl.State.Inflight.Get(id); !there {
			q.drop(x, id)
		}
	}
}

// refreshAll does so for all sessions, now and then; q.mu is held.
func (q *queues) refreshAll() {
	if now := time.Now(); now.Sub(q.looked) > time.Second {
		q.looked = now
		for cl, x := range q.of {
			q.refresh(cl, x)
		}
	}
}

// tidy forgets sessions that are over, and finds out whether there is plenty of room again.
func (q *queues) tidy(known func(*mochi.Client) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	pressed := false
	for cl, x := range q.of {
		if !known(cl) {
			q.remove(cl)
			continue
		}
		q.refresh(cl, x)
		pressed = pressed || 2*len(x.sizes) >= q.quota.messages || 2*x.bytes >= q.quota.sessionBytes
	}
	q.pressed.Store(pressed || 2*q.bytes >= q.quota.queuedBytes)
}
