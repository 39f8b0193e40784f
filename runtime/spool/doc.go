// Package spool makes a source replayable that is not: what the source hands
// over is appended to a log on disk, acknowledged after an fsync, and read
// from there by the engine, with positions. What the engine has in a
// checkpoint is removed from the log.
//
//	s, err := spool.Wrap(inner, dir, pool, spool.Options{})
//	err = s.Seek(positions) // of the last checkpoint, if there is one
//	err = s.Run(ctx, out)   // opens dir, runs inner, reads on
//
// # Promises
//
// What was acknowledged is delivered, in order, as often as it takes until the
// engine acknowledges it; what was not acknowledged may be. An error of fsync
// stops the spool: fsync is never tried again, because the system may have
// thrown away what it could not write. A full disk, a used up quota and a
// limit of the size of files block the source.
//
// # On disk
//
// A log is a folder: `lock` keeps other processes out, `mark` says up to which
// entry an fsync has succeeded and which entry is the first to be kept, and
// `NUMBER.log` are the segments, named after their first entry. A segment is a
// header and frames; a frame is a header with a CRC-32C over all of it and a
// sequence number, and an entry: one batch as the source handed it over.
//
// A crash can leave the end of the last segment half written. It is cut off
// when none of it was acknowledged, which the mark tells, or, where a power
// loss has left an older mark, the frames behind it: each says up to where the
// log was durable when it was made. Everything else that is not as it was
// written is an error with the file, the offset and the way out.
package spool
