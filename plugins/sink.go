package plugins

import "context"

// Sink takes records out. The engine calls it from one goroutine at a time. Values are
// encoded in the stage's format, where the kind has one; each is followed in
// Data by the framing's terminator, so that neighbours can be written at once.
//
// Write takes the batch, in order. If it returns nil, it calls done exactly
// once, from any goroutine, when every record of the batch is as durable as
// the sink was told to make it; until then the batch stays as it is, and
// afterwards it must not be touched. Write may block: that is the
// back-pressure. An error, returned or given to done, means that the engine
// calls Write with the same batch again, after a back-off, before any later
// one that was not taken yet. [Permanent] errors are not retried: the records go to the
// error output. [RowErrors] says so of some of the records; the others are
// durable. With a [PartialError] only the rest of the batch comes again, or
// goes there.
//
// Flush is called when no further batch waits: what Write holds back to save
// work is to be finished now.
type Sink interface {
	Write(ctx context.Context, b *Batch, done func(error)) error
	Flush(ctx context.Context) error
}

// Opener is a sink or transform that can find out early that it will not work.
// Open is called before any record flows, of a transform for one instance. A
// [Permanent] error keeps the pipeline from starting; after any other the first
// Write or Process tries again.
type Opener interface {
	Open(ctx context.Context) error
}

// Closer is a sink that has something to finish. Close is called once, after
// the last Write has been answered.
type Closer interface {
	Close(ctx context.Context) error
}
