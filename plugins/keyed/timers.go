package keyed

import (
	"slices"

	"github.com/onstream/onstream/plugins"
)

// domain is one of the clocks by which an entry may be due.
type domain uint8

const (
	eventTime domain = iota
	wallTime
	domains = 2
)

// timer is the place of an entry and a time before which it is not due. There
// may be several of an entry; the one whose time the entry knows counts.
type timer struct {
	due   int64
	place uint32
}

// timers is a heap of timers, ordered by time and key. Timers that do not
// count any more stay until they are many or their time comes.
type timers[V any] struct {
	slab  *slab[V]
	heap  []timer
	stale int
}

func (h *timers[V]) before(x, y timer) bool {
	return x.due < y.due || x.due == y.due && h.slab.at(x.place).Key < h.slab.at(y.place).Key
}

func (h *timers[V]) counts(x timer, d domain) bool {
	e := h.slab.at(x.place)
	return !e.is(dead) && e.due[d] == x.due
}

func (h *timers[V]) push(x timer) {
	h.heap = append(h.heap, x)
	for i := len(h.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.before(x, h.heap[up]) {
			break
		}
		h.heap[i], h.heap[up] = h.heap[up], x
		i = up
	}
}

func (h *timers[V]) pop() timer {
	x, last := h.heap[0], len(h.heap)-1
	h.heap[0] = h.heap[last]
	h.heap = h.heap[:last]
	h.down(0)
	return x
}

func (h *timers[V]) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.heap); child++ {
			if h.before(h.heap[child], h.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.heap[i], h.heap[least] = h.heap[least], h.heap[i]
		i = least
	}
}

// forget notes that a timer does not count any more.
func (h *timers[V]) forget(d domain) {
	if h.stale++; h.stale > 64 && h.stale > len(h.heap)/2 {
		h.clean(d)
	}
}

// clean removes the timers that do not count any more.
func (h *timers[V]) clean(d domain) {
	h.heap = slices.DeleteFunc(h.heap, func(x timer) bool { return !h.counts(x, d) })
	for i := len(h.heap)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	h.stale = 0
}

// Schedule is called when what Due returns for an entry may have become
// earlier. (That it became later is noticed by itself.)
func (t *Table[V]) Schedule(e *Entry[V]) {
	event, wall := t.config.Due(e)
	if event < e.due[eventTime] {
		t.setTimer(e, eventTime, event)
	}
	if wall < e.due[wallTime] {
		t.setTimer(e, wallTime, wall)
	}
}

func (t *Table[V]) setTimer(e *Entry[V], d domain, due int64) {
	before := e.due[d]
	e.due[d] = due
	t.timers[d].push(timer{due, e.place})
	if before != plugins.Never {
		t.timers[d].forget(d)
	}
}

func (t *Table[V]) dueOf(e *Entry[V], d domain) int64 {
	event, wall := t.config.Due(e)
	if d == eventTime {
		return event
	}
	return wall
}

// FireEvent calls f for each entry that is due by event time at now, in the
// order of their times and then keys. What f does to the entry, Remove
// included, is looked at afterwards: where it is due again, but later and not
// after now, f is called again.
func (t *Table[V]) FireEvent(now int64, f func(e *Entry[V], due int64) error) error {
	if t.idle(eventTime, now) {
		return nil
	}
	return t.fire(eventTime, now, f)
}

// FireWall is FireEvent for the pipeline's clock.
func (t *Table[V]) FireWall(now int64, f func(e *Entry[V], due int64) error) error {
	if t.idle(wallTime, now) {
		return nil
	}
	return t.fire(wallTime, now, f)
}

// idle reports whether nothing can be due: what is usual, and cheap to ask.
func (t *Table[V]) idle(d domain, now int64) bool {
	h := t.timers[d].heap
	return (len(h) == 0 || h[0].due > now) && t.ahead[d].next() > now
}

func (t *Table[V]) fire(d domain, now int64, f func(e *Entry[V], due int64) error) error {
	now = min(now, plugins.Never-1)
	if t.ahead[d].next() <= now {
		if err := t.wake(d, now); err != nil {
			return err
		}
	}
	h := &t.timers[d]
	var unchanged []*Entry[V]
	var failed error
	for failed == nil && len(h.heap) > 0 && h.heap[0].due <= now {
		x := h.pop()
		if !h.counts(x, d) {
			h.stale--
			continue
		}
		e := t.slab.at(x.place)
		e.due[d] = plugins.Never
		due := t.dueOf(e, d)
		if due > x.due {
			t.Schedule(e)
			continue
		}
		t.Touch(e)
		failed = f(e, due)
		switch {
		case e.is(dead):
		case t.dueOf(e, d) <= due:
			unchanged = append(unchanged, e)
		default:
			t.Schedule(e)
		}
	}
	for _, e := range unchanged {
		t.Schedule(e)
	}
	return failed
}

// NextWall returns a time of the pipeline's clock at which FireWall may have
// something to do, and before which it has not; [plugins.Never] for none.
func (t *Table[V]) NextWall() int64 {
	h := &t.timers[wallTime]
	for len(h.heap) > 0 && !h.counts(h.heap[0], wallTime) {
		h.pop()
		h.stale--
	}
	next := t.ahead[wallTime].next()
	if len(h.heap) > 0 {
		next = min(next, h.heap[0].due)
	}
	return next
}
