package runtime

import (
	"context"
	"time"

	"github.com/onstream/onstream/plugins"
)

// finishEntry is the entry of a parcel that says that the input has ended.
const finishEntry = -1

// runLane runs one lane until its queue has ended and is empty. Next is when
// its transform wants to be called.
func (l *lanes) runLane(e *Engine, lane int, next int64) {
	q := l.queues[lane]
	alarm := time.AfterFunc(time.Hour, q.wake)
	defer alarm.Stop()
	for {
		if next != plugins.Never {
			alarm.Reset(max(time.Duration(next-e.config.Now().UnixNano()), time.Millisecond))
		}
		p, ok := q.await()
		switch {
		case !ok:
			q.discardRest(context.Cause(e.work))
			return
		case p.batch != nil:
			next = l.work(e, lane, p)
			if next <= e.config.Now().UnixNano() { // a lane that is never idle must not miss it
				next = l.tick(e, lane)
			}
		default:
			next = l.tick(e, lane)
		}
	}
}

// turn returns the chain of a lane for one piece of work, which ends with the
// job's passOn.
func (l *lanes) turn(e *Engine, lane int) (*chain, *job) {
	v := e.acquire(&l.group.newest)
	c := v.chains[l.stage.Addr()][lane]
	if last := l.group.chains[lane]; c != last {
		c.adopt(last)
		l.group.chains[lane] = c
	}
	j := e.jobs.get()
	j.version = v
	return c, j
}

// work runs a parcel through the chain of a lane. It returns when the transform
// wants to be called.
func (l *lanes) work(e *Engine, lane int, p parcel) int64 {
	c, j := l.turn(e, lane)
	j.delivery, j.batch = p.delivery, p.batch
	p.counters.held.Add(-int64(len(p.batch.Sel)))
	if p.entry == finishEntry {
		if n := c.way(); n != nil {
			n.finish(j)
		}
	} else if n, ok := c.entries[p.entry].(*transformNode); ok {
		n.process(j, p.batch)
	} else {
		c.run(p.entry, j, p.batch)
	}
	next := c.next(l.stage.Addr())
	j.passOn()
	return next
}

// tick lets the transform of a lane act if its time has come; where the pipeline
// is to stand still, what is queued comes first, and the tick a little later.
func (l *lanes) tick(e *Engine, lane int) int64 {
	if !e.valve.tryEnter() {
		return e.config.Now().UnixNano()
	}
	c, j := l.turn(e, lane)
	j.delivery, j.batch = e.unprompted(l.stage.Follows), e.pool.Batch()
	if n := c.way(); n != nil && c.next(l.stage.Addr()) <= e.config.Now().UnixNano() {
		n.tick(j)
	}
	next := c.next(l.stage.Addr())
	j.passOn()
	return next
}

// way returns a node through which the stage of a lane can be reached without
// records, nil where nothing feeds the stage.
func (c *chain) way() *transformNode {
	for _, l := range c.entries {
		if n, ok := l.(*transformNode); ok {
			return n
		}
	}
	return nil
}

// next returns when the transform of a stage wants to be called.
func (c *chain) next(addr string) int64 {
	if t, ok := c.transform(addr).(plugins.Timed); ok {
		return t.Next()
	}
	return plugins.Never
}
