package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// journal is an open log. Entries are appended by any goroutine, written by
// one, and read by one.
type journal struct {
	dir     string
	options Options
	id      identity
	lock    io.Closer
	marks   *markFile
	out     file // the last segment

	mu       sync.Mutex
	work     bell       // for who writes: something is to be written or removed
	room     bell       // for who appends: something was removed or written
	news     bell       // for who reads: something is durable, or nothing more comes
	segments []*segment // kept, ascending
	reading  *segment   // kept because it is open
	durable  sequence
	next     sequence // of the next entry to be appended
	acked    sequence // what is before it is not needed any more
	pending  batchOfEntries
	writing  int64 // bytes on their way to the disk
	full     bool  // the disk was, when writing was tried last
	ended    bool  // nothing is appended any more
	written  bool  // and nothing is written any more
	err      error
}

// batchOfEntries is what one fsync makes durable.
type batchOfEntries struct {
	data  []byte // frames
	next  sequence
	waits []waiting
}

// waiting is who is to be told that an entry is durable, or is not.
type waiting struct {
	ack  func()
	nack func(error)
}

func (b *batchOfEntries) empty() bool { return len(b.data) == 0 && len(b.waits) == 0 }

// maxPending is how much may wait for the next fsync.
const maxPending = 4 << 20

// used returns the bytes on disk, and those that will be. The lock is held.
func (j *journal) used() int64 {
	n := int64(len(j.pending.data)) + j.writing
	for _, s := range j.segments {
		n += s.size
	}
	return n
}

// last returns the segment that is written to.
func (j *journal) last() *segment { return j.segments[len(j.segments)-1] }

// fits reports whether n more bytes may be appended. The lock is held.
//
// What is larger than the quota is taken when nothing else is needed.
func (j *journal) fits(n int64) bool {
	if j.full || len(j.pending.data) > 0 && len(j.pending.data)+int(n) > maxPending {
		return false
	}
	return j.used()+n <= j.options.MaxBytes || j.acked == j.next
}

// append takes a frame, whose entry stands behind an empty header, with so many
// records. It is written by the next commit. The lock is held.
func (j *journal) append(frame []byte, records int, w waiting) {
	if records > 0 {
		sealFrame(frame, j.next, j.durable.entry)
		j.pending.data = append(j.pending.data, frame...)
		j.next.entry++
		j.next.record += uint64(records)
	}
	j.pending.next = j.next
	j.pending.waits = append(j.pending.waits, w)
	j.work.strike()
}

// errNoRoom says that a write did not succeed because there is no room, and
// that nothing of it is there any more.
var errNoRoom = errors.New("there is no room for what the source brings")

// noRoom says what an error of a write that says so asks for.
func noRoom(err error) error {
	if isTooLarge(err) {
		return fmt.Errorf("%w: %w: raise the limit of the size of files (ulimit -f)", errNoRoom, err)
	}
	return fmt.Errorf("%w: %w: make room on that disk", errNoRoom, err)
}

// write writes what is pending and makes it durable. It is called by one
// goroutine. It returns errNoRoom where that is worth another try; after any
// other error the journal is not to be used any more.
func (j *journal) write(group *batchOfEntries) error {
	seg := j.last()
	if seg.size >= j.options.SegmentBytes && seg.base != j.durable {
		if err := j.roll(); err != nil {
			return err
		}
		seg = j.last()
	}
	if _, err := j.out.WriteAt(group.data, seg.size); err != nil {
		if cut := j.out.Truncate(seg.size); cut != nil || !isFull(err) {
			return errors.Join(fmt.Errorf("write to the spool: %w", err), cut)
		}
		if !isTooLarge(err) || seg.base == j.durable {
			return noRoom(err)
		}
		if err := j.roll(); err != nil { // another file has room
			return err
		}
		return j.write(group)
	}
	if err := j.out.Sync(); err != nil {
		// The pages may be marked as written although they are not: they must not
		// be there for the next run to trust.
		return errors.Join(fmt.Errorf("sync the spool: %w: the disk does not keep what is written: look at it, then start again", err), j.out.Truncate(seg.size))
	}
	if err := j.marks.write(mark{j.id, group.next, j.segments[0].base}); err != nil {
		return fmt.Errorf("write the mark of the spool: %w", err)
	}
	j.mu.Lock()
	seg.size += int64(len(group.data))
	j.durable = group.next
	j.full, j.writing = false, 0
	j.news.strike()
	j.room.strike()
	j.mu.Unlock()
	return nil
}

// roll begins the next segment.
func (j *journal) roll() error {
	before := j.last()
	s, err := createSegment(j.options.disk, j.dir, segment{id: j.id, base: j.durable, before: before.base.entry}, j.options.now())
	if isFull(err) {
		return noRoom(err)
	}
	if err != nil {
		return err
	}
	f, err := j.options.disk.Open(filepath.Join(j.dir, s.name()), os.O_RDWR)
	if err != nil {
		return err
	}
	err = j.out.Close()
	j.out = f
	j.mu.Lock()
	j.segments = append(j.segments, s)
	j.mu.Unlock()
	return err
}

// trimmable reports whether the n-th segment, and all before it, are not needed
// any more. The lock is held.
func (j *journal) trimmable(n int) bool {
	return n+1 < len(j.segments) && j.segments[n+1].base.entry <= j.acked.entry && j.segments[n] != j.reading
}

// trim removes the segments of which nothing is needed any more. It is called
// by who writes.
func (j *journal) trim() error {
	j.mu.Lock()
	n := 0
	for j.trimmable(n) {
		n++
	}
	gone, durable := j.segments[:n:n], j.durable
	j.mu.Unlock()
	if n == 0 {
		return nil
	}
	// What is not there must never look as if it had been lost.
	if err := j.marks.secure(mark{j.id, durable, j.segments[n].base}); err != nil {
		return err
	}
	for _, s := range gone {
		if err := j.options.disk.Remove(filepath.Join(j.dir, s.name())); err != nil {
			return fmt.Errorf("remove what the spool does not need any more: %w", err)
		}
	}
	j.mu.Lock()
	j.segments = j.segments[n:]
	j.room.strike()
	j.mu.Unlock()
	return nil
}

// release says that what is before a place is not needed any more.
func (j *journal) release(at sequence) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at.entry > j.acked.entry {
		j.acked = at
		j.work.strike()
		j.room.strike()
	}
}

// end says that nothing is appended any more.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	j.work.strike()
	j.room.strike()
}

func (j *journal) stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Stats{
		Bytes: j.used(), MaxBytes: j.options.MaxBytes, Full: j.full,
		Entries: int64(j.next.entry - j.acked.entry), Records: int64(j.next.record - j.acked.record),
	}
}

// close closes the files. Nobody writes any more.
func (j *journal) close() error {
	return errors.Join(j.out.Close(), j.marks.file.Close(), j.lock.Close())
}
