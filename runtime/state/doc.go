// Package state stores what a pipeline must not lose: where its sources go on,
// what its stages keep by key, and what its sinks have yet to take.
//
// A [Store] is the state of one pipeline, in a folder of its own that one
// process at a time has open. It changes by a [Commit] at a time: all of it is
// stored, or nothing. What is read is what the newest commit has left, never
// one that is being written.
//
//	s, err := state.Open(dir, "fleet", state.Options{})
//	...
//	c := s.Begin()
//	c.Position("source.in", partition, position)
//	err = stage.Snapshot(c.Writer("transform.hourly"))
//	...
//	err = c.Write(now, true)
//
// # What is promised
//
// A commit that was written with sync is there after a crash of the process or
// the machine, as long as the disk does what it says. One without sync may be
// gone after a crash, and then so are all that came later: a store is always as
// some commit has left it. Syncs are made at the latest after 32 MiB.
//
// A disk that is full makes [Commit.Write] fail with [ErrFull], and so do a quota
// and a limit of the size of files: the same commit can be written when there is
// room. After any other failed write or sync, what is on the disk is not known
// until it is read again: nothing is written any more, and the pipeline has to
// be started again. That is so, too, when there are too many open files: what
// has the others is not known to go away.
//
// # Damage
//
// What does not check is an error that names the folder, the file, the place in
// it where the damage begins, as exactly as that can be known, and the way out.
// Nothing is guessed and no damaged part is skipped, and a store that is refused
// stays as it was found, byte for byte. Everything has checksums; beyond these
//
//   - the file MARK beside the database holds the number of a commit that was
//     synced. It costs a write and no sync, but for the first of each run. A log
//     that was cut off looks like one whose last record was never finished; that
//     commits are gone shows only by the mark. After a loss of power it may be
//     older than the store, and then a log that also lost its last commit by
//     damage is not told from one that did not reach the disk. Without the mark
//     a store that has commits is refused;
//   - the frames of the newest log and of the MANIFEST are looked at before
//     Pebble does: it takes what follows one that does not check for an end that
//     was never written. Where something behind it was written later, it was;
//   - each commit leaves a trail of its number in the database, so that ones
//     missing in the middle are noticed. Pebble takes damage in its MANIFEST for
//     an end that was never written, and would go on without the tables that are
//     listed there.
//
// # Where it is
//
// The database is [Pebble] in the folder checkpoint of the pipeline's folder.
// Its own answer to a write that fails is to end the process; instead, its file
// system is fenced off from the disk, and it is closed or opened anew.
//
// [Pebble]: https://github.com/cockroachdb/pebble
package state
