package runtime

import (
	"context"
	"errors"
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

// settleOne does what an answer asks for: the parcel is finished,
// dead-lettered, or written again.
func (a *sinkActor) settleOne(t attempt, err error) {
	var rows plugins.RowErrors
	n := len(t.batch.Sel)
	switch {
	case err == nil:
		a.wrote(t.parcel, n)
		a.resolve(t.parcel)
	case errors.As(err, &rows):
		a.wrote(t.parcel, n-len(rows))
		a.bury(t.parcel, rows)
	case a.ctx.Err() != nil:
		t.discard(context.Cause(a.ctx))
	case plugins.IsPermanent(err) || a.stage.Retry.Max > 0 && t.tries >= a.stage.Retry.Max:
		for _, i := range t.batch.Sel {
			rows = append(rows, plugins.Failure{Row: i, Code: "write", Msg: err.Error()})
		}
		a.counters.failed(err)
		a.bury(t.parcel, rows)
	default:
		t.tries++
		at, _ := slices.BinarySearchFunc(a.redo, t, func(x, y attempt) int { return int(x.number - y.number) })
		a.redo = slices.Insert(a.redo, at, t)
		a.failed("sink cannot write; it is tried again", err)
	}
}

func (a *sinkActor) wrote(p parcel, n int) {
	if n > 0 {
		a.pauses = 0
	}
	a.counters.out.Add(int64(n))
	a.counters.latency.observeSince(p.batch.Received, n)
}

// resolve ends the engine's interest in a parcel.
func (a *sinkActor) resolve(p parcel) {
	a.answered(p)
	// Sel is shorter now when rows were failed, so ask for Len: all rows of a
	// parcel were alive when it was sent.
	p.counters.held.Add(-int64(p.batch.Len))
	p.batch.Release()
	p.delivery.release(nil)
}

// answered takes a parcel out of the outbox.
func (a *sinkActor) answered(p parcel) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	if o := a.queue.outbox; o != nil {
		o.answered(p.number)
	}
}

// bury sends rows of a parcel that failed where the stage's on_error says, and
// resolves it. No checkpoint comes between the two: the records are in the
// outbox or among the errors.
func (a *sinkActor) bury(p parcel, rows plugins.RowErrors) {
	e := a.engine
	if a.inside {
		e.valve.add()
	} else {
		e.valve.enter()
	}
	a.answered(p)
	for _, f := range rows {
		p.batch.Fail(f.Row, f)
	}
	defer a.resolve(p)
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
