package sinks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// rotation says when a file is full, and how many full ones are kept.
type rotation struct {
	size  int64         // 0 for no limit
	every time.Duration // 0 for no limit
	keep  int           // 0 for all

	listed bool     // last takes the files into account that were there before
	last   fullFile // the youngest full file
}

// rotateIfDue puts a full file away. The next write begins a new one.
func (s *file) rotateIfDue() error {
	r, o := &s.rotate, &s.out
	if o.f == nil || !o.regular || o.size == 0 {
		return nil
	}
	full := r.size > 0 && o.size >= r.size || r.every > 0 && s.env.Now().Sub(o.began) >= r.every
	if !full {
		return nil
	}
	o.looked = time.Time{} // what has its name by now may be another's file
	if err := s.letGoOfMoved(); err != nil || o.f == nil {
		return err
	}
	if err := s.finish(); err != nil {
		return err
	}
	if err := o.force(); err != nil { // the rename must not survive a crash that the data does not
		return err
	}
	old, err := r.putAway(s.path, s.env.Now())
	if err != nil {
		return fmt.Errorf("rotate %s: %w", s.path, err)
	}
	s.header = header{}
	return errors.Join(o.close(), syncFolder(filepath.Dir(s.path)), r.prune(s.path, old))
}

// putAway renames the full file at the path to a name that makes it the
// youngest. It returns those that were there before, if they are needed.
func (r *rotation) putAway(path string, now time.Time) (old []fullFile, err error) {
	if !r.listed || r.keep > 0 {
		if old, err = fullFiles(path); err != nil {
			return nil, err
		}
		for _, f := range old {
			if f.compare(r.last) > 0 {
				r.last = f
			}
		}
		r.listed = true
	}
	next, err := r.last.after(now).free(path)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(path, next.name(path)); err != nil {
		return nil, err
	}
	r.last = next
	return old, nil
}

// prune removes the oldest full files beyond those that are kept, of which one
// was put away just now.
func (r *rotation) prune(path string, old []fullFile) error {
	if r.keep == 0 {
		return nil
	}
	slices.SortFunc(old, fullFile.compare)
	for _, f := range old[:max(0, len(old)+1-r.keep)] {
		if err := os.Remove(f.name(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove old files: %w", err)
		}
	}
	return nil
}

// syncFolder makes the disk have the names in a folder. Not every system can:
// there the rename is as safe as it gets.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	_ = d.Sync()
	return d.Close()
}
