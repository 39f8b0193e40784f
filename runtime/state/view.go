package state

import (
	"errors"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// view is what is read: the store as a commit has left it, whatever is being
// written.
type view struct {
	db    *database
	snap  *pebble.Snapshot
	users atomic.Int32
}

func newView(db *database) *view {
	v := &view{db: db.hold(), snap: db.NewSnapshot()}
	v.users.Store(1)
	return v
}

// hold returns the view of the newest commit. It is to be released.
func (s *Store) hold() (*view, directory) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.view.users.Add(1)
	return s.view, s.dirs
}

// drop releases a view. When it is the last of a database that could not write,
// that is closed, which may fail, and tells nothing new.
func (s *Store) drop(v *view) {
	if err := v.release(); err != nil {
		s.log.Debug("close checkpoint store that failed", "error", err.Error())
	}
}

func (v *view) release() error {
	if v.users.Add(-1) > 0 {
		return nil
	}
	return errors.Join(v.snap.Close(), v.db.release())
}

// ascend calls f with the rows of a range until it reports false.
func (v *view) ascend(lower, upper []byte, f func(key, value []byte) bool) error {
	it, err := v.snap.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !f(it.Key(), value) {
			break
		}
	}
	return it.Close()
}

// get appends the value of a row to dst. Pebble's own Get does not look at the
// filters of the last level, where nearly all rows are, and reads a block to
// find out that a row is missing.
func (v *view) get(key, dst []byte) (value []byte, found bool, err error) {
	it, err := v.snap.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return dst, false, err
	}
	defer func() {
		if closed := it.Close(); err == nil {
			err = closed
		}
	}()
	if !it.SeekPrefixGE(key) {
		return dst, false, it.Error()
	}
	value, err = it.ValueAndErr()
	if err != nil {
		return dst, false, err
	}
	return append(dst, value...), true, nil
}
