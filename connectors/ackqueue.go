package connectors

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/onstream/onstream/plugins"
)

// ackQueue sends the records of one partition as messages, in order, and tells the
// bus what is acknowledged up to the first that is not. A nack takes it back to that message.
type ackQueue struct {
	of     *subscribed
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	changed  sync.Cond
	items    []*queued // not yet told to the bus
	next     int       // of items, to be sent
	turn     int       // from 1, grows with each nack: answers to what was sent before, of the records that come again, count no more
	failures int       // in a row
	lost     bool      // the partition is somebody else's: the bus is told of nothing
}

// queued is a record on its way.
type queued struct {
	delivery *plugins.Delivery
	row      uint32
	last     bool // of the delivery
	turn     int  // in which it was sent last; 0 when it is to be sent
	acked    bool
	sent     bool // at least once
}

func newAckQueue(x *subscribed) *ackQueue {
	q := &ackQueue{of: x, turn: 1}
	q.changed.L = &q.mu
	q.ctx, q.cancel = context.WithCancel(x.ctx)
	return q
}

// add takes a delivery in, and returns when all of it was sent once.
func (q *ackQueue) add(ctx context.Context, d plugins.Delivery) error {
	stop := context.AfterFunc(ctx, q.wake)
	defer stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	d.Batch.DropFailed()
	rows := d.Batch.Sel
	if len(rows) == 0 {
		d.Batch.Release()
		if d.Ack != nil && len(q.items) == 0 {
			d.Ack()
		}
		return nil
	}
	var item *queued
	for k, i := range rows {
		item = &queued{delivery: &d, row: i, last: k == len(rows)-1}
		q.items = append(q.items, item)
	}
	q.changed.Broadcast()
	for !item.sent && q.ctx.Err() == nil && ctx.Err() == nil {
		q.changed.Wait()
	}
	return nil // it was taken: what follows is Ack, or nothing when the subscription ends
}

func (q *ackQueue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

// run sends until the queue is given up.
func (q *ackQueue) run() {
	defer q.cancel()
	defer context.AfterFunc(q.ctx, q.wake)()
	for {
		item, turn, pause := q.take()
		if item == nil {
			return
		}
		if pause > 0 && (plugins.Env{}).Wait(q.ctx, pause) != nil {
			return
		}
		select {
		case q.of.slots <- struct{}{}:
		case <-q.ctx.Done():
			return
		}
		if !q.send(item, turn) {
			return
		}
	}
}

// take waits for something to send. It returns nil when nothing will be.
func (q *ackQueue) take() (item *queued, turn int, pause time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.ctx.Err() == nil && q.next == len(q.items) {
		q.changed.Wait()
	}
	if q.ctx.Err() != nil {
		return nil, 0, 0
	}
	if q.failures > 0 {
		pause = Backoff{First: time.Millisecond, Most: 10 * time.Millisecond}.Before(q.failures)
	}
	return q.items[q.next], q.turn, pause
}

// send sends a message, unless it is not its turn any more, and has its answer
// waited for. It holds a slot until then.
func (q *ackQueue) send(item *queued, turn int) bool {
	q.mu.Lock()
	if q.turn != turn {
		q.mu.Unlock()
		<-q.of.slots
		return true
	}
	m := messageOf(item.delivery.Batch, item.row)
	item.turn = turn
	q.next++
	q.mu.Unlock()
	ctx, cancel := context.WithCancel(q.ctx)
	m.SetContext(ctx)
	select {
	case q.of.messages <- m:
	case <-q.ctx.Done():
		cancel()
		<-q.of.slots
		return false
	}
	q.mu.Lock()
	item.sent = true
	q.changed.Broadcast()
	q.mu.Unlock()
	q.of.running.Go(func() {
		defer cancel()
		q.await(item, turn, m)
		<-q.of.slots
	})
	return true
}

// await waits for the answer to a message.
func (q *ackQueue) await(item *queued, turn int, m *message.Message) {
	select {
	case <-m.Acked():
		q.acked(item, turn)
	case <-m.Nacked():
		q.nacked(item, turn)
	case <-q.ctx.Done():
		select { // an answer that came before the end counts
		case <-m.Acked():
			q.acked(item, turn)
		default:
		}
	}
}

// acked tells the bus of all that is finished now.
func (q *ackQueue) acked(item *queued, turn int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if item.turn != turn || q.lost {
		return
	}
	item.acked = true
	q.failures = 0
	n := 0
	for n < q.next && q.items[n].acked {
		if d := q.items[n].delivery; q.items[n].last {
			d.Batch.Release()
			if d.Ack != nil {
				d.Ack()
			}
		}
		n++
	}
	q.items = slices.Delete(q.items, 0, n)
	q.next -= n
	q.changed.Broadcast()
}

// nacked goes back to a message: it and all after it come again.
func (q *ackQueue) nacked(item *queued, turn int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.items, item)
	if item.turn != turn || at < 0 {
		return
	}
	q.turn++
	q.failures++
	for _, later := range q.items[at:] {
		later.acked, later.turn = false, 0
	}
	q.next = at
	q.changed.Broadcast()
}

// lose gives up the partition.
func (q *ackQueue) lose() {
	q.mu.Lock()
	q.lost = true
	q.mu.Unlock()
	q.cancel()
}

// drain waits until the bus was told of everything.
func (q *ackQueue) drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, q.wake)
	defer stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) > 0 && ctx.Err() == nil && q.ctx.Err() == nil {
		q.changed.Wait()
	}
	return ctx.Err()
}

// refuse tells the bus of what will have no answer.
func (q *ackQueue) refuse(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lost {
		return
	}
	for _, item := range q.items {
		if !item.last {
			continue
		}
		item.delivery.Batch.Release()
		if item.delivery.Nack != nil {
			item.delivery.Nack(err)
		}
	}
	q.items, q.next = nil, 0
}
