package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Loss is what a repair has given up: the entries from From up to, but not
// including, To.
type Loss struct{ From, To uint64 }

// Repair gives up what stands in a file of the log from an offset on, which is
// that of a problem that [Inspect] reports; 0 gives up the whole file. Entries
// in later files are kept: numbers are never given twice, and readers go on
// behind the gap. What the log knows of itself, the file `mark`, is made anew.
func Repair(dir, name string, offset int64) (Loss, error) {
	return repair(machine{}, filepath.Clean(dir), name, offset)
}

func repair(d disk, dir, name string, offset int64) (Loss, error) {
	if names, err := segmentNames(d, dir); err != nil || len(names) == 0 {
		return Loss{}, errors.Join(fmt.Errorf("%s holds no file of a spool", dir), err)
	}
	lock, err := d.Lock(filepath.Join(dir, lockName))
	if errors.Is(err, errLocked) {
		return Loss{}, fmt.Errorf("the spool %s is in use by a running onstream process: stop that one first", dir)
	}
	if err != nil {
		return Loss{}, openError(dir, err)
	}
	defer lock.Close()
	if name == markName {
		return Loss{}, remark(d, dir)
	}
	number, ok := parseSegmentName(name)
	if !ok {
		return Loss{}, fmt.Errorf("%s is no file of a spool: name one of *%s or %s, without its folder", name, segmentSuffix, markName)
	}
	m, ok, err := readMark(d, dir)
	if err != nil || !ok {
		return Loss{}, errors.Join(fmt.Errorf("the file %s has to be repaired first: onstream spool repair %s --truncate-at %s:0", markName, dir, markName), err)
	}
	if err := cut(d, dir, name, offset, m.id); err != nil {
		return Loss{}, err
	}
	return m.bridge(d, dir, number)
}

// cut cuts a file off at an offset where an entry begins.
func cut(d disk, dir, name string, offset int64, id identity) error {
	path := filepath.Join(dir, name)
	if offset == 0 {
		if err := d.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return d.SyncDir(dir)
	}
	s, err := readSegment(d, dir, name, id)
	if err != nil {
		return err
	}
	f, err := d.Open(path, os.O_RDWR)
	if err != nil {
		return err
	}
	t, err := scan(f, s, nil)
	if err == nil && offset != t.size && !slices.Contains(t.offsets, offset) {
		err = fmt.Errorf("no entry of %s begins at offset %d: cut it at %d, where its last whole one ends", name, offset, t.size)
	}
	if err == nil {
		err = f.Truncate(offset)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// bridge lets readers go on behind the cut in the segment with a number.
func (m mark) bridge(d disk, dir string, number uint64) (Loss, error) {
	names, err := segmentNames(d, dir)
	if err != nil {
		return Loss{}, err
	}
	end, before := m.first, uint64(0)
	if number > m.first.entry {
		end = sequence{entry: number}
	}
	for _, name := range names {
		n, _ := parseSegmentName(name)
		if n > number {
			return declare(d, dir, name, m.id, end)
		}
		s, err := readSegment(d, dir, name, m.id)
		if err != nil {
			return Loss{}, err
		}
		if end, err = endOf(d, dir, s); err != nil {
			return Loss{}, err
		}
		before = n
	}
	if end.entry >= m.durable.entry {
		return Loss{end.entry, end.entry}, nil // none of it was acknowledged
	}
	_, err = createSegment(d, dir, segment{id: m.id, base: m.durable, before: before, gap: true}, Options{}.withDefaults().now())
	return Loss{end.entry, m.durable.entry}, err
}

// declare says in a segment that the entries before it were given up.
func declare(d disk, dir, name string, id identity, end sequence) (Loss, error) {
	s, err := readSegment(d, dir, name, id)
	if err != nil {
		return Loss{}, err
	}
	s.gap = true
	f, err := d.Open(filepath.Join(dir, name), os.O_RDWR)
	if err != nil {
		return Loss{}, err
	}
	_, err = f.WriteAt(s.header(), 0)
	if err == nil {
		err = f.Sync()
	}
	return Loss{end.entry, s.base.entry}, errors.Join(err, f.Close())
}

// endOf returns where the whole entries of a segment end.
func endOf(d disk, dir string, s *segment) (sequence, error) {
	f, err := d.Open(filepath.Join(dir, s.name()), os.O_RDONLY)
	if err != nil {
		return sequence{}, err
	}
	defer f.Close()
	t, err := scan(f, s, nil)
	return t.end, err
}

// remark makes the mark anew, of what the segments say.
func remark(d disk, dir string) error {
	names, err := segmentNames(d, dir)
	if err != nil {
		return err
	}
	var m mark
	for i, name := range names {
		f, err := d.Open(filepath.Join(dir, name), os.O_RDONLY)
		if err != nil {
			return err
		}
		h := make([]byte, segmentHeader)
		_, err = f.ReadAt(h, 0)
		s, reason := parseSegment(h)
		if err = errors.Join(err, f.Close()); err != nil || reason != "" {
			return errors.Join(&CorruptError{dir, name, 0, reason}, err)
		}
		m.id, m.durable = s.id, s.base
		if i == 0 {
			m.first = s.base
		}
	}
	return createMark(d, dir, m)
}
