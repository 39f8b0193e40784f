package wasm

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/host"
)

// A breaker keeps a module that fails all the time from being called: each call may take as long as a call may.
type breaker struct {
	health   *health
	failures int       // one after the other
	until    time.Time // when the module is called again; zero where it is
	pause    time.Duration
	last     string
}

const (
	// maxFailures is more than it takes to find one record among the many of a batch.
	maxFailures = 32
	firstPause  = time.Second
	longPause   = time.Minute
)

// open returns with what records fail for now, nil where the module is called.
func (b *breaker) open(now time.Time) *plugins.Failure {
	if b.until.IsZero() || !now.Before(b.until) {
		return nil
	}
	return &plugins.Failure{
		Code: "breaker",
		Msg:  fmt.Sprintf("the module has failed %d times in a row, and is not called for %v; the last time: %s", b.failures, b.pause, b.last),
	}
}

// failed notes a failure. After a pause, one more is enough for the next.
func (b *breaker) failed(now time.Time, f *host.Fault, logger *slog.Logger) {
	b.health.faults.Record(1)
	if b.failures++; b.failures < maxFailures {
		return
	}
	b.pause = min(max(firstPause, 2*b.pause), longPause)
	b.until, b.last = now.Add(b.pause), f.Msg
	b.health.paused(b.until)
	logger.Error("the module fails all the time, and is not called for a while: correct it, or what it is given", "failures", b.failures, "pause", b.pause, "error", f.Msg)
}

func (b *breaker) succeeded() {
	if b.failures > 0 {
		*b = breaker{health: b.health}
	}
}
