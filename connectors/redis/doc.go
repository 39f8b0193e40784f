// Package redis is the bus Redis streams.
//
// A topic is a stream, or with partitions several, among which the hash of the key divides the
// records. A position is the id of an entry, with how many were before it, so that a source goes
// on exactly behind a checkpoint.
//
// # Groups
//
// A group of the pipeline's is a consumer group of Redis, in which all members are one consumer,
// "onstream": whose a stream is, a lease says. The leases of a group are in one hash,
// onstream:{TOPIC}:GROUP, which a script changes in one step; a member that was silent for
// claim_idle is dead, and what it held is free. Who takes a stream over reads the entries that are
// pending first, and then what is new, so the order is kept. A member that is to give a stream to
// another has claim_idle to finish what was handed over; the rest comes again, there. What other
// programs in the group were given is waited for, and claimed (XAUTOCLAIM) when they are silent for
// claim_idle.
//
// Entries are read with XREADGROUP and acknowledged with XACK when they are finished. What was not
// finished is read again from the pending entries.
//
// # Writing
//
// What comes while other records are on their way is sent together, in one transaction (MULTI) for each
// server, so that of a command that the server refuses for now (OOM, READONLY) nothing behind it is
// written before it. When a write fails, everything that waits behind it has failed, too, and
// later writes are refused until it was written again: keys keep their order.
//
// # Traps that were handled
//
//   - Where a group stands is moved by whoever reads in it, also by a process that was stopped for longer than
//     claim_idle and does not know that others have its streams. So each read asks, in the same
//     step, where the group stood: when that is not where this reader left it, nothing of the answer
//     counts, and what the other one was given is read from the pending entries, in order.
//   - An answer that was lost may have had entries: they are pending, and are read from there.
//   - Entries that were trimmed or deleted before they were read, a stream that was deleted, made anew or
//     has lost its end: reading stops and says what is missing, and how to go on (how much was
//     trimmed is known from Redis 7 on).
//   - Streams that would not be read because partitions says less than there are, also when they are
//     made later, and members that disagree about it, are errors.
//   - The driver's own way to read an entry is a map, without order and repeated names: answers are
//     read here, and so headers keep both.
//
// # What is not promised
//
// What is confirmed is as durable as the server makes it: with appendfsync everysec, the default of
// an append-only file, the last second or two are lost when the server dies, and without one
// everything since the last snapshot. wait_replicas waits for replicas. maxlen drops records that
// nobody has read. Streams grow unless something trims them.
package redis
