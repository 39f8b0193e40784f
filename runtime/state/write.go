package state

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/onstream/onstream/plugins"
)

// ErrFull is among the errors of [Commit.Write] that pass when somebody makes
// room on the disk: then the same commit can be written.
var ErrFull = errors.New("no room for the checkpoint; it is tried again")

// maxPending is how many bytes of commits may wait for a sync.
const maxPending = 32 << 20

// Write stores the commit: all of it or, when it returns an error, nothing
// that any reader or later run relies on. At is the time on the pipeline's
// clock. With sync it is durable when Write returns; without, a crash may
// lose it, and all commits after it.
//
// After an error the commit is as it was. If that is [ErrFull] it is the one to
// be written next: some of it may be on the disk already. Any other is
// [plugins.Permanent]: nothing can be written any more, and what is on the disk
// counts when the pipeline is started again.
func (c *Commit) Write(at time.Time, sync bool) error {
	s := c.store
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	last := s.Last()
	if s.aside != nil && s.aside != c { // its number is taken
		return plugins.Permanent(fmt.Errorf("write checkpoint to %s: checkpoint %d waits for its transaction", s.path, last.Number+1))
	}
	next := Checkpoint{last.Number + 1, s.epoch, at.UTC()}
	b, dirs := c.batch(next)
	if err := s.makeRoom(len(b.Repr())); err != nil {
		return s.refuse(err)
	}
	sync = sync || s.pendingSize()+len(b.Repr()) > maxPending
	err := s.apply(b, sync)
	if s.mark != nil && (sync || err != nil) {
		if gone := s.mark.inPlace(); gone != nil {
			err = gone
		}
	}
	if err != nil {
		return s.refuse(err)
	}
	s.aside = nil
	s.advance(next, dirs, sync)
	return nil
}

// Check reports whether the folder is still the one that the store is in, for
// when there is nothing to write that would find out. After an error, as after
// one of [Commit.Write], nothing can be written any more.
func (s *Store) Check() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed != nil || s.mark == nil || s.readOnly {
		return s.failed
	}
	if err := s.mark.inPlace(); err != nil {
		return s.refuse(err)
	}
	return nil
}

// systemSize is room for what the store writes about itself: usually enough.
const systemSize = 4 << 10

// batch puts everything into one batch, that of the state first: it concerns
// no row that the others delete.
func (c *Commit) batch(next Checkpoint) (*pebble.Batch, directory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := batchOf(c.size() + systemSize)
	for _, w := range c.writers {
		for _, rows := range w.rows {
			appendRows(b, rows)
		}
	}
	appendRows(b, &c.rows)
	for addr := range c.stages {
		key := systemKey(rowStage, addr)
		if st, ok := c.dirs.stages[addr]; ok {
			set(b, key, stageValue(st))
		} else {
			remove(b, key)
		}
	}
	if c.prepared {
		remove(b, systemKey(rowPrepared, ""))
	}
	set(b, systemKey(rowCheckpoint, ""), checkpointValue(next, c.dirs.next))
	leaveTrail(b, next.Number)
	return b, c.dirs.clone()
}

func appendRows(to, from *pebble.Batch) {
	if !from.Empty() {
		must(to.Apply(from, nil))
	}
}

// apply writes a batch, and keeps those that are not synced. What is in memory
// has no log to sync.
func (s *Store) apply(b *pebble.Batch, sync bool) error {
	options := pebble.NoSync
	if sync && s.dir != "" {
		options = pebble.Sync
	}
	var repr []byte
	if !sync && s.dir != "" {
		repr = slices.Clone(b.Repr())
	}
	if err := s.db.apply(b, options); err != nil {
		return err
	}
	if sync {
		s.pending = nil
	} else if repr != nil {
		s.pending = append(s.pending, repr)
	}
	return nil
}

func (s *Store) pendingSize() int {
	n := 0
	for _, b := range s.pending {
		n += len(b)
	}
	return n
}

// refuse makes an error of one that Write has met.
func (s *Store) refuse(err error) error {
	if isFull(err) {
		return fmt.Errorf("write checkpoint to %s: %w (%w)", s.path, ErrFull, limited(err))
	}
	s.failed = plugins.Permanent(fmt.Errorf("write checkpoint: %w; what is on the disk counts now: start the pipeline again", s.explain(err)))
	return s.failed
}

// reopen puts another database in the place of one that could not write. The
// commits that may be lost with it are written again; one that failed and is
// there in spite of that will be replaced by the next, which has its number.
func (s *Store) reopen(size int) error {
	if err := probe(s.fs, s.dir, size+s.pendingSize()); err != nil {
		return err
	}
	db, err := s.openDatabase()
	if err != nil {
		return err
	}
	db.fence.settle()
	if err := s.db.release(); err != nil {
		s.log.Debug("close checkpoint store that failed", "error", err.Error())
	}
	s.db = db
	pending := s.pending
	s.pending = nil
	for i, repr := range pending {
		var b pebble.Batch
		if err := b.SetRepr(slices.Clone(repr)); err != nil {
			return err
		}
		if err := s.apply(&b, true); err != nil {
			s.pending = pending[i:]
			return err
		}
	}
	return nil
}
