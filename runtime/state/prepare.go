package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/onstream/onstream/plugins"
)

// Prepare stores the commit durably without making it count: for a checkpoint
// that is to count together with something elsewhere. Write, which comes next,
// makes it count. If that does not come to pass, whoever opens the store
// finds it with [Store.Prepared] and decides. Errors are as those of Write.
func (c *Commit) Prepare(at time.Time) error {
	s := c.store
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	next := Checkpoint{s.Last().Number + 1, s.epoch, at.UTC()}
	b, _ := c.batch(next)
	var aside pebble.Batch
	set(&aside, systemKey(rowPrepared, ""), append(binary.AppendVarint(nil, next.Number), b.Repr()...))
	if err := s.makeRoom(len(aside.Repr())); err != nil {
		return s.refuse(err)
	}
	if err := s.apply(&aside, true); err != nil {
		return s.refuse(err)
	}
	c.prepared, s.aside = true, c
	return nil
}

// Prepared returns the number of the commit that was prepared by a former run and
// neither written nor given up.
func (s *Store) Prepared() (number int64, ok bool) {
	if s.prepared == nil {
		return 0, false
	}
	number, _ = decodeNumberOf(s.prepared)
	return number, true
}

// decodeNumberOf reads the number of a prepared commit.
func decodeNumberOf(prepared []byte) (int64, error) {
	number, n := binary.Varint(prepared)
	if n <= 0 || number < 1 {
		return 0, errRow
	}
	return number, nil
}

// Resolve makes the prepared commit count, or gives it up. It is called before
// anything is read.
func (s *Store) Resolve(count bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	var b pebble.Batch
	if count {
		number, n := binary.Varint(s.prepared)
		if n <= 0 || number != s.Last().Number+1 {
			return s.misprepared(fmt.Errorf("checkpoint %d is prepared, and %d is the last", number, s.Last().Number))
		}
		if err := b.SetRepr(append([]byte{}, s.prepared[n:]...)); err != nil {
			return s.misprepared(fmt.Errorf("read the prepared checkpoint: %w", err))
		}
	}
	remove(&b, systemKey(rowPrepared, ""))
	if err := s.apply(&b, true); err != nil {
		return s.refuse(err)
	}
	s.prepared = nil
	view := newView(s.db)
	found, err := readSystem(view.snap)
	if err != nil {
		return errors.Join(err, view.release())
	}
	if err := view.release(); err != nil {
		return err
	}
	s.advance(found.last, found.directory, true)
	return nil
}

// misprepared is an error of a prepared commit that cannot count.
func (s *Store) misprepared(why error) error {
	return plugins.Permanent(s.explain(&damage{offset: -1, why: why}))
}

// GiveUpPrepared forgets the commit that this run has prepared.
func (s *Store) GiveUpPrepared() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	var b pebble.Batch
	remove(&b, systemKey(rowPrepared, ""))
	if err := s.apply(&b, true); err != nil {
		return s.refuse(err)
	}
	s.aside = nil
	return nil
}

// writable reports why nothing can be written.
func (s *Store) writable() error {
	switch {
	case s.failed != nil:
		return s.failed
	case s.readOnly:
		return plugins.Permanent(fmt.Errorf("write checkpoint to %s: it was opened for reading only", s.path))
	}
	return nil
}

// makeRoom opens another database where this one could not write for lack of
// room.
func (s *Store) makeRoom(size int) error {
	reason := s.db.fence.reason()
	if isFull(reason) {
		return s.reopen(size)
	}
	return reason
}
