package plugins

import "context"

// Source brings records in.
//
// Run is called once. It blocks until ctx ends, the input ends (then it
// returns nil) or it cannot go on (then it returns why, with the remedy where
// there is one). It cleans up before it returns. What fails for a while (a
// server that is away) a source retries itself.
type Source interface {
	Run(ctx context.Context, out Outlet) error
}

// Outlet is where a source puts its records. It is safe for concurrent use;
// the order of one partition is the order in which its Hand calls were made.
type Outlet interface {
	// Batch returns an empty batch to fill.
	Batch() *Batch
	// Hand gives a delivery to the engine, and blocks while the engine has
	// enough: that is the back-pressure. The batch belongs to the engine
	// whatever Hand returns. An error says that the delivery was not taken:
	// ctx ended or the pipeline stops; no Ack or Nack follows.
	Hand(ctx context.Context, d Delivery) error
	// Done says that no more of the partition will come in this run.
	Done(p Partition)
}

// Delivery is a batch and what becomes of it. Rows that the source could not
// make into records are failed on the batch (see [Batch.Fail]) and go to the
// source's error output.
type Delivery struct {
	Batch *Batch
	Next  Position // after the last record; nil where the source cannot resume
	// Ack is called once, when everything the batch became is durable in
	// every sink, was dropped by a filter, or is durable in an error sink; with
	// a state directory, when a checkpoint on disk has that.
	// Within a partition, acks come in the order of delivery. It must not
	// block. It may be nil.
	Ack func()
	// Nack is called instead of Ack when that cannot be reached any more. It
	// must not block. It may be nil.
	Nack func(error)
}

// Seeker is a source that can resume. Seek is called at most once, before Run,
// with the position after what was taken of each partition: that of the last
// checkpoint, or where the source stood that a reload replaces.
type Seeker interface {
	Seek(positions map[Partition]Position) error
}

// Progresser is a source whose input has an end that is known. Progress is
// called from any goroutine while Run runs; total is 0 while unknown.
type Progresser interface {
	Progress() (done, total int64)
}
