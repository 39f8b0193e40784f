package plugins

import "context"

// Transform changes batches. Every instance is called by one goroutine at a
// time; a stateless stage has several instances.
//
// Process works on the selected rows of b and passes on what becomes of them
// through out, synchronously: [Emitter.Emit] returns when everything
// downstream has run. It may shrink b.Sel, add columns, or emit other batches.
// Rows that cannot be processed are failed on b. The rows in Sel when Process
// is called must each be emitted, dropped or failed. An error stops the
// pipeline: it is not for records.
type Transform interface {
	Process(ctx context.Context, b *Batch, out Emitter) error
}

// Emitter takes what a transform makes of a batch. It is valid during the
// call of Process only.
type Emitter interface {
	// Emit passes the selected rows of b to one of the stage's outputs, by its
	// index in the kind's Outputs. Afterwards b has the columns it had
	// before, and an unspecified Sel. Rows that were failed on a batch which
	// the transform made itself go to the error output then.
	Emit(output int, b *Batch)
	// Drop counts rows that leave the pipeline here on purpose.
	Drop(rows int)
	// Make counts rows that the stage emits beyond those it was given.
	Make(rows int)
}
