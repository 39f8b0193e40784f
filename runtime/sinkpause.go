package runtime

import (
	"math/rand/v2"
	"time"
)

// failed notes that the sink does not work. That is said once an outage.
func (a *sinkActor) failed(what string, err error) {
	a.counters.retries.Add(1)
	a.counters.failed(err)
	if !a.failing && a.pauses == 0 {
		a.engine.config.Logger.Warn(what, "stage", a.addr, "error", err)
	}
	a.failing = true
}

// pause waits before everything that failed is tried again, once for all of
// it: exponential back-off from one pause to the next, with jitter on the
// upper half. It reports false when something else is to be done first.
func (a *sinkActor) pause() bool {
	timer := time.NewTimer(a.backOff())
	defer timer.Stop()
	select {
	case <-timer.C:
		a.failing = false
		a.pauses++
		return true
	case <-a.kick:
	case <-a.ctx.Done():
	}
	return false
}

func (a *sinkActor) backOff() time.Duration {
	r := a.stage.Retry
	base, most := r.Backoff, r.MaxBackoff
	if base <= 0 {
		base = 100 * time.Millisecond
	}
	if most <= 0 {
		most = max(30*time.Second, base)
	}
	d := min(base, most)
	for range a.pauses {
		if d >= most/2 {
			d = most
			break
		}
		d *= 2
	}
	return d/2 + rand.N(d/2+1)
}
