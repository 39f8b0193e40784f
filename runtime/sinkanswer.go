package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// answer is what a sink said about a write.
type answer struct {
	number int64
	err    error
}

// settle looks at the answers.
func (a *sinkActor) settle() {
	a.queue.mu.Lock()
	answers := a.answers
	a.answers = nil
	a.queue.mu.Unlock()
	for _, x := range answers {
		t := a.outstanding[x.number]
		delete(a.outstanding, x.number)
		a.settleOne(t, x.err)
	}
}

// settleOne does what an answer asks for: records are finished or
// dead-lettered, and what is left of the parcel is written again.
func (a *sinkActor) settleOne(t attempt, err error) {
	var part *plugins.PartialError
	if errors.As(err, &part) && part.Done > 0 {
		if a.finish(t.parcel, part.Done, part.Failed) {
			return
		}
		t.tries, err = 0, part.Err
	}
	var rows plugins.RowErrors
	n := len(t.batch.Sel)
	switch {
	case err == nil:
		a.finish(t.parcel, n, nil)
	case errors.As(err, &rows):
		a.finish(t.parcel, n, rows)
	case a.ctx.Err() != nil:
		t.discard(context.Cause(a.ctx))
	case plugins.IsPermanent(err) || a.stage.Retry.Max > 0 && t.tries >= a.stage.Retry.Max:
		for _, i := range t.batch.Sel {
			rows = append(rows, plugins.Failure{Row: i, Code: "write", Msg: err.Error()})
		}
		a.counters.failed(err)
		a.finish(t.parcel, n, rows)
	default:
		if a.begun {
			// Nothing more can be written in the transaction, and it cannot be committed.
			a.engine.fail(fmt.Errorf("%s: a transaction was given up (%w): %w", a.addr, err, ErrAgain))
		}
		t.tries++
		at, _ := slices.BinarySearchFunc(a.redo, t, func(x, y attempt) int { return int(x.number - y.number) })
		a.redo = slices.Insert(a.redo, at, t)
		a.failed("sink cannot write; it is tried again", err)
	}
}

// finish ends the engine's interest in the first n records of a parcel: rows
// of them failed, the others are written. It reports whether none is left.
func (a *sinkActor) finish(p parcel, n int, rows plugins.RowErrors) bool {
	all := n == len(p.batch.Sel)
	written := n - len(rows)
	if written > 0 {
		a.pauses = 0
	}
	a.counters.out.Add(int64(written))
	a.counters.latency.observeSince(p.batch.Received, written)
	if len(rows) > 0 {
		a.bury(p, n, rows)
	} else {
		a.strike(p, n)
	}
	p.counters.held.Add(-int64(n))
	if all {
		p.batch.Release()
		p.delivery.release(nil)
	}
	return all
}

// strike takes the first n records out of a parcel, and a parcel of which none
// is left out of the outbox. A parcel that is in a checkpoint stays there as it
// was.
func (a *sinkActor) strike(p parcel, n int) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	if o := a.queue.outbox; o != nil && n == len(p.batch.Sel) {
		o.answered(p.number)
		if a.acquiring > 0 { // the owner may go on for long before it hands back
			a.queue.changed.Broadcast()
		}
	}
	p.batch.Sel = p.batch.Sel[n:]
}

// bury strikes the first n records of a parcel, and sends those rows of them
// that failed where the stage's on_error says. No checkpoint comes between the
// two, nor while the batch is worked on: the records are in the outbox or among
// the errors. One that waits until the sink has answered for all lets them in.
func (a *sinkActor) bury(p parcel, n int, rows plugins.RowErrors) {
	e := a.engine
	if a.inside {
		e.valve.add()
	} else {
		e.valve.enter(a)
	}
	a.strike(p, n)
	for _, f := range rows {
		p.batch.Fail(f.Row, f)
	}
	v := e.acquire(&e.top)
	if v.sinks[a.addr] != a {
		// A reload removed the sink: the chain at its address, if there is
		// one, is another's.
		p.counters.dead.Add(int64(len(p.batch.Failures)))
		e.complaint(a.addr).about(a.addr, len(p.batch.Failures), p.batch.Failures[0])
		p.batch.TakeFailures(func(plugins.Failure) {})
		v.running.done()
		e.valve.done()
		return
	}
	j := e.jobs.get()
	j.delivery, j.batch, j.version = p.delivery, e.pool.Batch(), v
	p.delivery.retain()
	v.chains[a.addr][0].run(0, j, p.batch)
	j.passOn()
}
