package plugins

import (
	"context"
	"math"
)

// Never is the time that does not come.
const Never int64 = math.MaxInt64

// Timed is a keyed transform that acts when time passes on the pipeline's
// clock, not only when records come. (What acts when event time passes does so
// in Process.)
type Timed interface {
	// Next returns when Tick is to be called, ns since 1970; [Never] for not.
	// The engine asks after each call of Process, Restore and Tick.
	Next() int64
	// Tick is called like Process, when now is at or after what Next returned.
	// It has no batch to work on: what it emits it takes from the Env's Pool,
	// counts with Make, and releases.
	Tick(ctx context.Context, now int64, out Emitter) error
}

// Finisher is a keyed transform that has something to say when the input has
// ended: Finish is called like Tick, once, when every source of the pipeline
// has come to its end and nothing is under way upstream any more. It is not
// called when the pipeline is stopped: then it goes on later.
type Finisher interface {
	Finish(ctx context.Context, out Emitter) error
}

// Ported is a transform whose kind has several named inputs. The engine calls
// ProcessPort, with the index of the port in the kind's Ports, instead of
// Process.
type Ported interface {
	ProcessPort(ctx context.Context, port int, b *Batch, out Emitter) error
}
