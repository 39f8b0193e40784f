// Package nats is the bus NATS JetStream: a server inside the process, which is
// the default bus, or servers that run elsewhere.
//
// A topic is a subject, and a stream has it: the one that takes the subject, or one
// that is made for its first level. What is confirmed is stored by the server; how
// much that is worth when the power fails, the embedded server is told with
// durability.
//
// # Reading
//
// Each partition of a stream has one consumer, which gives its records in order. A
// record that is missing in between, a connection that was lost, a server that is
// silent: then the consumer is made again, at the record after the last one that
// came. The server is not asked to bring again what is not acknowledged, because that
// would come out of order; the positions are those of the checkpoint and of the
// group's table (below). Where the stream drops what was acknowledged (retention
// interest and workqueue), the server is told of what is committed, too.
//
// A position names the stream by the time of its making and the record by number and
// time. So a stream that was made anew, cut short or restored is noticed, and so are
// records that retention has removed before they were read: reading stops with
// an error that says what is missing.
//
// # Groups
//
// The members of a group share partitions by leases: a table in a key-value bucket, which is
// changed by compare-and-set, says who is there, who holds what, and how far
// the group is. A member whose entry has not changed for session_timeout is dead,
// and what it held is free.
//
// Partitions are made by the server, with a subject transform: the first token of the
// stored subject is the partition of the published one. A record's key is a token of
// the published subject, one of 256, so that the server does not have to remember a
// subject for each key.
//
// # Writing
//
// Records are published without waiting, within a window, over a connection of its own that
// ends with the first break: one that mends itself would send what is behind the break
// while what was before it is lost. The answers are looked at in
// the order of the records: when one fails for a while, everything behind it counts as
// failed, too, and is written again in order. Messages that trying again cannot mend
// (larger than max_payload, a subject that is none) fail alone.
//
// # The store of an embedded server
//
// The server cuts away what it finds damaged, so what it has stored is read before it
// starts, file by file: blocks of records with checksums, an index, and what a stream is like. What a server that was killed leaves behind passes, other damage is an error that
// names the file and the way out, and changes nothing. After a stop in order a seal tells which
// files there were, and how large.
package nats
