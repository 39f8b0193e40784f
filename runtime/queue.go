package runtime

import "sync"

// queue holds parcels for one goroutine. It is bounded in records and bytes;
// a parcel larger than the bounds is taken when the queue is empty.
type queue struct {
	maxRecords, maxBytes int64

	mu             sync.Mutex
	changed        sync.Cond
	parcels        []parcel
	records, bytes int64
	direct         func(parcel) bool // takes a parcel without queueing it, if it can; may be nil
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
	q.mu.Unlock()
	if direct != nil && direct(p) {
		return nil
	}
	n, size := int64(len(p.batch.Sel)), p.batch.Size()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.broken == nil && len(q.parcels) > 0 && (q.records+n > q.maxRecords || q.bytes+size > q.maxBytes) {
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

// take removes the first parcel if there is one.
func (q *queue) take() (p parcel, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.parcels) == 0 || q.broken != nil {
		return p, false
	}
	p = q.parcels[0]
	q.parcels[0] = parcel{}
	q.parcels = q.parcels[1:]
	q.records -= int64(len(p.batch.Sel))
	size := p.batch.Size()
	q.bytes -= size
	p.counters.heldBytes.Add(-size)
	q.changed.Broadcast()
	return p, true
}

// wait blocks until there is a parcel, and reports false when there will be
// none any more.
func (q *queue) wait() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.parcels) == 0 && !q.ended && q.broken == nil {
		q.changed.Wait()
	}
	return q.broken == nil && len(q.parcels) > 0
}

// end says that no more is put.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.changed.Broadcast()
}

// breakOff makes put and take fail. What is left is for the queue's owner; see
// rest.
func (q *queue) breakOff(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken == nil {
		q.broken = err
	}
	q.changed.Broadcast()
}

// discardRest gives up what is left in a queue that was broken off.
func (q *queue) discardRest() {
	q.mu.Lock()
	left, err := q.parcels, q.broken
	q.parcels = nil
	q.mu.Unlock()
	for _, p := range left {
		p.discard(err)
	}
}
