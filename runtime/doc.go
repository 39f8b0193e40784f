// Package runtime runs pipelines: it turns a [graph.Graph] into goroutines
// and moves batches through them.
//
// # How it is put together
//
// Every stateless stage between a source and the next place where records
// change goroutines is compiled into a chain: a tree of direct calls. A
// source has one chain for each worker; workers take batches in any order,
// and what leaves their chains is put back into the source's order, partition
// by partition. A stage that keeps something per key runs in lanes: its
// records are divided by the hash of their key, and each lane has one
// goroutine and one chain. A sink has one goroutine and a queue that is
// bounded in records and bytes.
//
// A delivery is what a source handed over. It counts everything its batch
// became; when all of that is durable, dropped or dead-lettered, and every
// earlier delivery of the partition is too, the source gets its ack.
//
// # Life cycle
//
// [Engine.Run] blocks until the sources have ended and everything in flight is
// finished, until [Engine.Drain] has brought that about, or until its context
// ends, which stops at once. [Engine.Reload] replaces the graph while it runs;
// stages that are the same in both go on undisturbed.
package runtime
