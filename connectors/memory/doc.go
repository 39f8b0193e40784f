// Package memory is a bus inside the process: for tests, for pipelines that run
// side by side, and to try out what a bus will do before there is one.
//
// A topic is a log of batches for each of its partitions. A batch that goes to one
// partition is not copied: the log holds a share of its memory, and so does each batch
// that is read. Records are copied where batches are divided, where they would keep much
// else alive, where batches are small, and where the two sides frame records differently.
//
// What is promised: the order of each partition, and of each key, as a key decides on
// its partition. Positions are offsets. Members of a group divide
// partitions among themselves; one that goes on hands over before another begins, and what
// it has not finished in ten seconds comes to that one again. What was written is kept
// until the partition holds max_bytes, and then as long as a group has not read it:
// writers wait for the slowest group, and for the first where there is none. Nothing
// unread is ever dropped for want of room, but what waits for a group without members
// for longer than inactive_threshold, which is logged.
//
// What is not: that anything outlives the process. A position of a former process
// is recognized and said to be of no use.
package memory
