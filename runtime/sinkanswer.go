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
		for _, f := range rows {
			t.batch.Fail(f.Row, f)
		}
		a.bury(t.parcel)
		a.resolve(t.parcel)
	case a.ctx.Err() != nil:
		t.discard(context.Cause(a.ctx))
	case plugins.IsPermanent(err) || a.stage.Retry.Max > 0 && t.tries >= a.stage.Retry.Max:
		for _, i := range t.batch.Sel {
			t.batch.Fail(i, plugins.Failure{Code: "write", Msg: err.Error()})
		}
		a.counters.failed(err)
		a.bury(t.parcel)
		a.resolve(t.parcel)
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
	// Sel is shorter now when rows were failed, so ask for Len: all rows of a
	// parcel were alive when it was sent.
	p.counters.held.Add(-int64(p.batch.Len))
	p.batch.Release()
	p.delivery.release(nil)
}

// bury sends the failed rows of a parcel where the stage's on_error says.
func (a *sinkActor) bury(p parcel) {
	v := a.engine.acquire(&a.engine.top)
	if v.sinks[a.addr] != a {
		// A reload removed the sink: the chain at its address, if there is
		// one, is another's.
		p.counters.dead.Add(int64(len(p.batch.Failures)))
		a.engine.complaint(a.addr).about(a.addr, len(p.batch.Failures), p.batch.Failures[0])
		p.batch.TakeFailures(func(plugins.Failure) {})
		v.running.done()
		return
	}
	j := v.jobs.get()
	j.delivery, j.batch, j.version = p.delivery, a.engine.pool.Batch(), v
	p.delivery.retain()
	v.chains[a.addr][0].run(0, j, p.batch)
	j.passOn()
}
