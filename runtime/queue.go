package runtime

import "sync"

// queue holds parcels for one goroutine. It is bounded in records and bytes;
// a parcel larger than the bounds is taken when the queue is empty.
type queue struct {
	maxRecords, maxBytes int64
	// valve counts the parcels of a lane as work under way; nil for a sink's.
	valve *valve
	// outbox of a sink whose parcels outlive the process, under mu; nil for
	// none.
	outbox *outbox

	mu             sync.Mutex
	changed        sync.Cond
	parcels        []parcel
	records, bytes int64
	direct         func(parcel) bool // takes a parcel without queueing it, if it can; may be nil
	boundless      bool              // the bounds do not count for now
	woken          bool              // wake was called
	ended          bool              // no more is put
	broken         error             // nothing is taken or put any more
}

func newQueue(maxRecords, maxBytes int64) *queue {
	q := &queue{maxRecords: maxRecords, maxBytes: maxBytes}
	q.changed.L = &q.mu
	return q
}

// put adds a parcel, waiting for space. It fails when the queue is broken.
func (q *queue) put(p parcel) error {
	q.mu.Lock()
	direct := q.direct
	if q.outbox != nil {
		p.number = q.outbox.add(p)
	}
	if q.outbox.waits() {
		direct = nil
	}
	q.mu.Unlock()
	if direct != nil && direct(p) {
		return nil
	}
	n, size := int64(len(p.batch.Sel)), p.batch.Size()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.broken == nil && !q.boundless && len(q.parcels) > 0 && (q.records+n > q.maxRecords || q.bytes+size > q.maxBytes) {
		if q.outbox.waits() {
			q.outbox.want()
		}
		q.changed.Wait()
	}
	if q.broken != nil {
		return q.broken
	}
	q.parcels = append(q.parcels, p)
	q.records += n
	q.bytes += size
	p.counters.heldBytes.Add(size)
	q.changed.Broadcast()
	return nil
}

// unbound lets everything in, or restores the bounds.
func (q *queue) unbound(yes bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.boundless = yes
	q.changed.Broadcast()
}

// ready reports whether there is a parcel that may be taken; q.mu is held.
func (q *queue) ready() bool {
	return len(q.parcels) > 0 && (!q.outbox.waits() || q.parcels[0].number <= q.outbox.stable)
}

// take removes the first parcel if there is one.
func (q *queue) take() (p parcel, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken != nil || !q.ready() {
		return p, false
	}
	return q.first(), true
}

// first removes the first parcel; q.mu is held.
func (q *queue) first() parcel {
	p := q.parcels[0]
	q.parcels[0] = parcel{}
	q.parcels = q.parcels[1:]
	q.records -= int64(len(p.batch.Sel))
	size := p.batch.Size()
	q.bytes -= size
	p.counters.heldBytes.Add(-size)
	q.changed.Broadcast()
	return p
}

// await removes the first parcel, waiting for it. It returns one without a
// batch when wake was called meanwhile, and reports false when there will be
// none any more.
func (q *queue) await() (p parcel, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.parcels) == 0 && !q.ended && q.broken == nil && !q.woken {
		q.changed.Wait()
	}
	switch {
	case q.broken != nil:
		return p, false
	case len(q.parcels) > 0:
		return q.first(), true
	case q.woken:
		q.woken = false
		return p, true
	default:
		return p, false
	}
}

// wake ends a wait of await.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.woken = true
	q.changed.Broadcast()
}

// end says that no more is put.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.changed.Broadcast()
}

// breakOff makes put and take fail. What is left is for the queue's owner; see
// discardRest.
func (q *queue) breakOff(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken == nil {
		q.broken = err
	}
	q.changed.Broadcast()
}

// forget takes a parcel out of the outbox that is not going to be written now:
// because of err, so that a checkpoint that has it keeps it, or, without one,
// not at all any more.
func (q *queue) forget(number int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.outbox == nil:
	case err == nil:
		q.outbox.answered(number)
	default:
		q.outbox.remove(number)
	}
}

// discardRest gives up, because of err, what is left in a queue that was broken
// off.
func (q *queue) discardRest(err error) {
	q.mu.Lock()
	left := q.parcels
	q.parcels = nil
	q.mu.Unlock()
	for _, p := range left {
		p.discard(err)
	}
}
