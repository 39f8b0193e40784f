package runtime

import (
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
)

// counters count the records of one stage. They are shared by its instances.
type counters struct {
	in, out, made, filtered, dead atomic.Int64
	// held counts what waits in the stage's queue or is being written; it is
	// kept by whoever queues and finishes, so that the sum of the others can
	// be checked against it.
	held      atomic.Int64
	heldBytes atomic.Int64
	retries   atomic.Int64
	lastError atomic.Pointer[string]
	latency   histogram
	measured  plugins.Metrics
	kept      atomic.Pointer[plugins.StateStats] // at the last checkpoint
}

func (c *counters) failed(err error) {
	msg := err.Error()
	c.lastError.Store(&msg)
}

// latencyBounds are the upper bounds of the histogram's buckets.
var latencyBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
	30 * time.Second, time.Minute,
}

// histogram counts records by their age.
type histogram struct {
	buckets [len(latencyBounds) + 1]atomic.Int64
	sum     atomic.Int64 // ns
}

func (h *histogram) observe(age time.Duration, records int) {
	i := 0
	for i < len(latencyBounds) && age > latencyBounds[i] {
		i++
	}
	h.buckets[i].Add(int64(records))
	h.sum.Add(int64(age) * int64(records))
}

// observeSince counts records that a source took at received, ns since 1970.
func (h *histogram) observeSince(received int64, records int) {
	if records > 0 {
		h.observe(time.Duration(time.Now().UnixNano()-received), records)
	}
}
