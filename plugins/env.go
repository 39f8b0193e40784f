package plugins

import (
	"context"
	"log/slog"
	"time"
)

// Env is what the engine gives a plugin besides its configuration.
type Env struct {
	Pipeline string
	Stage    string // address, such as "sink.alerts"
	// Now is the pipeline's clock: virtual in tests.
	Now func() time.Time
	// Sleep waits until that clock has moved on by d, or ctx ends; then it
	// returns ctx's error. Nil waits in real time. Call it through Wait.
	Sleep  func(ctx context.Context, d time.Duration) error
	Logger *slog.Logger
	Pool   *Pool
	// Shared is what all instances of the stage have in common; nil where they
	// have nothing.
	Shared *Shared
	// Metrics are what the stage measures; nil where nobody wants to know.
	Metrics *Metrics
	// Replaces says that the stage takes over, in a running pipeline, from one
	// of the same address: what that one wrote is to be kept.
	Replaces bool
	// Input is the shape of what a transform is given, as its kind's Outputs was told it.
	Input Shape
	// Framing of the stage's format, for kinds that have one.
	Framing Framing
	// Connection is what the stage names with via; nil for kinds without Via.
	Connection Connection
	// Dir is where a connection may keep files of its own, in a folder that does
	// not exist at first and that no other process has; "" where the pipeline
	// stores nothing.
	Dir string
	// Owner names the place in which the pipeline stores its positions: what a
	// source tells its bus with a position that it commits there. "" where it
	// stores nothing.
	Owner string
}

// Wait blocks until the pipeline's clock has moved on by d. It returns ctx's
// error when ctx ends first.
func (e Env) Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if e.Sleep != nil {
		return e.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
