package mqtt

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// arrival is a message from a device, or from a sink, that sources have to make safe
// before it is acknowledged.
type arrival struct {
	left    atomic.Int32 // sources that have not answered
	refused atomic.Pointer[error]
	done    func(error) // called once, when all have; it does not block
}

// answer tells what became of messages.
func answer(all []*arrival, err error) {
	for _, a := range all {
		a.answer(err)
	}
}

func (a *arrival) answer(err error) {
	if err != nil {
		a.refused.Store(&err)
	}
	if a.left.Add(-1) > 0 {
		return
	}
	if e := a.refused.Load(); e != nil {
		err = *e
	}
	a.done(err)
}

// box takes the messages for a source.
type box struct {
	filter filter
	desk   desk[*arrival]
	until  time.Time // when who made it, and does not run it, is taken for gone
}

// waitForRun is how long messages wait for a source that was made and does not run yet.
const waitForRun = 30 * time.Second

func newBox(f filter, env plugins.Env, s connectors.Subscription) *box {
	b := &box{filter: f, until: time.Now().Add(waitForRun)}
	b.desk.init(f.text, env, s.MaxRecords)
	return b
}

// hub knows which sources there are.
type hub struct {
	mu      sync.Mutex
	running []*box
	awaited []*box
}

// await makes messages wait for a source that will run.
func (h *hub) await(b *box) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awaited = append(h.awaited, b)
}

// add makes a source get messages.
func (h *hub) add(b *box) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awaited = without(h.awaited, b)
	h.running = append(without(h.running, b), b)
}

// remove makes a source get no more.
func (h *hub) remove(b *box) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awaited, h.running = without(h.awaited, b), without(h.running, b)
}

// without returns a new slice: those who deliver have the old one.
func without(all []*box, b *box) []*box {
	left := make([]*box, 0, len(all)+1)
	for _, x := range all {
		if x != b {
			left = append(left, x)
		}
	}
	return left
}

// matching appends the sources that read a topic, with those that will.
func (h *hub) matching(to []*box, topic string) []*box {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.running {
		if b.filter.matches([]byte(topic)) {
			to = append(to, b)
		}
	}
	for _, b := range h.awaited {
		if b.filter.matches([]byte(topic)) && time.Now().Before(b.until) && !slices.ContainsFunc(h.running, b.replaces) {
			to = append(to, b)
		}
	}
	return to
}

// replaces reports whether a source is to take over from one that runs: until it does, that
// one gets the messages.
func (b *box) replaces(other *box) bool {
	return b.filter == other.filter && b.desk.env.Pipeline == other.desk.env.Pipeline && b.desk.env.Stage == other.desk.env.Stage
}

// deliver puts a message into the box. It waits for room until ctx ends.
func (b *box) deliver(ctx context.Context, m publication, a *arrival) {
	d := &b.desk
	d.mu.Lock()
	var stop func() bool
	for !d.stopping && ctx.Err() == nil && (d.page == nil && time.Now().Before(b.until) || d.page != nil && d.full()) {
		if stop == nil {
			limited, cancel := ctx, func() {}
			if d.page == nil {
				limited, cancel = context.WithDeadline(ctx, b.until)
			}
			defer cancel()
			stop = context.AfterFunc(limited, d.wake)
			defer stop()
		}
		d.changed.Wait()
	}
	var err error
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case d.page == nil || d.stopping:
		err = errLeft
	default:
		err = d.put(m, b.filter, a)
	}
	d.mu.Unlock()
	if err != nil {
		a.answer(err)
	}
}

// offer puts a message into the box if there is room, and reports whether there was.
func (b *box) offer(m publication) bool {
	d := &b.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.page == nil || d.stopping || d.full() {
		return false
	}
	return d.put(m, b.filter) == nil
}
