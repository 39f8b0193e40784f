package runtime

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/onstream/onstream/plugins"
)

// answer does what a sink's answer to a write asks for: the parcel is
// finished, dead-lettered, or written again.
func (a *sinkActor) answer(ctx context.Context, x answer) {
	var rows plugins.RowErrors
	n := len(x.parcel.batch.Sel)
	switch {
	case x.err == nil:
		a.wrote(x.parcel, n)
		a.resolve(x.parcel)
	case errors.As(x.err, &rows):
		a.wrote(x.parcel, n-len(rows))
		for _, f := range rows {
			x.parcel.batch.Fail(f.Row, f)
		}
		a.bury(x.parcel)
		a.resolve(x.parcel)
	case ctx.Err() != nil:
		x.parcel.discard(context.Cause(ctx))
	case plugins.IsPermanent(x.err) || a.stage.Retry.Max > 0 && x.tries >= a.stage.Retry.Max:
		for _, i := range x.parcel.batch.Sel {
			x.parcel.batch.Fail(i, plugins.Failure{Code: "write", Msg: x.err.Error()})
		}
		a.counters.failed(x.err)
		a.bury(x.parcel)
		a.resolve(x.parcel)
	default:
		a.counters.retries.Add(1)
		a.counters.failed(x.err)
		if x.tries == 0 {
			a.engine.config.Logger.Warn("sink cannot write; it is tried again", "stage", a.addr, "error", x.err)
		}
		a.redo, a.tries = append(a.redo, x.parcel), append(a.tries, x.tries+1)
	}
}

func (a *sinkActor) wrote(p parcel, n int) {
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
	chains := v.chains[a.addr]
	if chains == nil { // a reload removed the sink
		p.counters.dead.Add(int64(len(p.batch.Failures)))
		p.batch.TakeFailures(func(plugins.Failure) {})
		v.running.done()
		return
	}
	j := v.jobs.get()
	j.delivery, j.batch, j.version = p.delivery, a.engine.pool.Batch(), v
	p.delivery.retain()
	chains[0].run(0, j, p.batch)
	j.passOn()
}

// backOff waits before attempt number tries, at least 1: exponential with
// full jitter on the upper half. It reports false when something else is to be
// done first.
func (a *sinkActor) backOff(ctx context.Context, tries int) bool {
	r := a.stage.Retry
	base, most := r.Backoff, r.MaxBackoff
	if base <= 0 {
		base = 100 * time.Millisecond
	}
	if most <= 0 {
		most = max(30*time.Second, base)
	}
	d := min(base, most)
	for range tries - 1 {
		if d >= most/2 {
			d = most
			break
		}
		d *= 2
	}
	d = d/2 + rand.N(d/2+1)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.kick:
		return false
	case <-ctx.Done():
		return false
	}
}
