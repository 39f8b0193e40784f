// Package plugins holds the contracts between the engine and everything that
// reads, changes or writes records. It imports the standard library only.
//
// # Data
//
// Records travel in a [Batch]: a run of records of one partition in delivery
// order. A batch has a selection (which rows are alive), the payload of each
// row as read, and typed [Column]s for the fields somebody has asked for. A
// [Shape] says what is known about the records on an edge before any of them
// exists.
//
// # Kinds
//
// A plugin offers kinds: a [SourceKind], [TransformKind], [SinkKind] or
// [Codec], each with a [Schema] that drives the checking of its block, the
// reference documentation and completion. Kinds are put into a [Registry] by
// one explicit list; nothing registers itself.
//
// # Life cycle
//
// The engine calls New with the decoded [Config] and an [Env]; New does no
// input or output. A [Source] runs until its context ends or its input does.
// A [Transform] is owned by one goroutine; stateless ones have several
// instances. A [Sink] is called by one goroutine, and may implement [Opener]
// and [Closer].
//
// # Errors
//
// A record that cannot be processed is failed on its batch with [Batch.Fail]
// and goes to the stage's error output; an error returned from a contract's
// method is about the stage, not about one record. [Permanent] marks an error
// that trying again cannot mend.
package plugins
