package spool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// openJournal opens the log in a folder, which it makes where it is not there,
// and mends what a crash has left.
func openJournal(dir string, o Options) (*journal, error) {
	o = o.withDefaults()
	if err := o.disk.MakeDir(dir); err != nil {
		return nil, openError(dir, err)
	}
	lock, err := o.disk.Lock(filepath.Join(dir, lockName))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("the spool %s is in use by another onstream process: stop that one, or give this one another --state", dir)
	}
	if err != nil {
		return nil, openError(dir, err)
	}
	j := &journal{dir: dir, options: o, lock: lock}
	if err := j.recover(); err != nil {
		return nil, errors.Join(openError(dir, err), j.abandon())
	}
	return j, nil
}

const lockName = "lock"

// openError says what can be done about a log that cannot be opened.
func openError(dir string, err error) error {
	var corrupt *CorruptError
	switch {
	case errors.As(err, &corrupt):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open the spool %s: %w: let the user that runs onstream write there", dir, err)
	case isFull(err):
		return fmt.Errorf("open the spool %s: %w: make room on that disk", dir, err)
	default:
		return fmt.Errorf("open the spool %s: %w", dir, err)
	}
}

// abandon closes what is open.
func (j *journal) abandon() error {
	err := j.lock.Close()
	if j.marks != nil {
		err = errors.Join(err, j.marks.file.Close())
	}
	if j.out != nil {
		err = errors.Join(err, j.out.Close())
	}
	return err
}

func (j *journal) recover() error {
	m, err := j.openMarks()
	if err != nil {
		return err
	}
	j.id = m.id
	if j.segments, err = listSegments(j.options.disk, j.dir, m); err != nil {
		return err
	}
	// Neither the mark nor the names that were found need be durable: a process
	// that was killed may not have come so far.
	if err := j.marks.secure(m); err != nil {
		return err
	}
	if err := j.sweep(m); err != nil {
		return err
	}
	if err := j.options.disk.SyncDir(j.dir); err != nil {
		return err
	}
	if len(j.segments) == 0 {
		// The log was made, and nothing was ever in it.
		s, err := createSegment(j.options.disk, j.dir, segment{id: m.id, base: m.durable}, j.options.now())
		if err != nil {
			return err
		}
		j.segments = []*segment{s}
	}
	if j.out, err = j.options.disk.Open(filepath.Join(j.dir, j.last().name()), os.O_RDWR); err != nil {
		return err
	}
	end, err := j.recoverTail(m)
	if err != nil {
		return err
	}
	j.durable, j.next = end, end
	j.pending.next = end
	j.acked = j.segments[0].base
	return j.marks.write(mark{j.id, end, j.segments[0].base})
}

// openMarks opens the marks, and makes them where the log is new.
func (j *journal) openMarks() (mark, error) {
	d := j.options.disk
	m, ok, err := readMark(d, j.dir)
	if err != nil {
		return m.mark, err
	}
	if !ok {
		names, err := segmentNames(d, j.dir)
		if err != nil {
			return m.mark, err
		}
		if len(names) > 0 {
			return m.mark, &CorruptError{j.dir, markName, 0, "the file is gone"}
		}
		m.mark = mark{durable: sequence{1, 1}, first: sequence{1, 1}}
		_, _ = rand.Read(m.id[:]) // never fails
		if err := syncParents(d, j.dir); err != nil {
			return m.mark, err
		}
		if err := createMark(d, j.dir, m.mark); err != nil {
			return m.mark, err
		}
		m.count = 1
	} else if m.damaged >= 0 {
		j.options.Logger.Warn("one of the two slots of a mark is not whole, as a power loss may leave it: going by the other one", "spool", j.dir, "file", markName, "offset", m.damaged)
	}
	j.marks, err = openMark(d, j.dir, m.count)
	return m.mark, err
}

// syncParents makes durable that there is a folder, as far up as that is
// permitted.
func syncParents(d disk, dir string) error {
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		if err := d.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// sweep removes what a crash has left: files that were not whole yet, and
// segments that were to be removed.
func (j *journal) sweep(m mark) error {
	names, err := j.options.disk.List(j.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		n, ok := parseSegmentName(name)
		if ok && n < m.first.entry || strings.HasSuffix(name, temporarySuffix) {
			if err := j.options.disk.Remove(filepath.Join(j.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func segmentNames(d disk, dir string) ([]string, error) {
	names, err := d.List(dir)
	if err != nil {
		return nil, err
	}
	var segments []string
	for _, name := range names {
		if _, ok := parseSegmentName(name); ok {
			segments = append(segments, name)
		}
	}
	return segments, nil
}

// listSegments returns the segments of a log that are kept, and sees that none
// is missing.
func listSegments(d disk, dir string, m mark) ([]*segment, error) {
	names, err := segmentNames(d, dir)
	if err != nil {
		return nil, err
	}
	var kept []*segment
	before := m.first.entry
	for _, name := range names {
		if n, _ := parseSegmentName(name); n < m.first.entry {
			continue // it was to be removed
		}
		s, err := readSegment(d, dir, name, m.id)
		if err != nil {
			return nil, err
		}
		switch {
		case s.gap:
		case len(kept) == 0 && s.base.entry != m.first.entry:
			return nil, &CorruptError{dir, segmentName(m.first.entry), 0, "the file is gone"}
		case len(kept) > 0 && s.before != before:
			return nil, &CorruptError{dir, segmentName(s.before), 0, "the file is gone"}
		}
		before = s.base.entry
		kept = append(kept, s)
	}
	if len(kept) == 0 && m.durable != (sequence{1, 1}) {
		return nil, &CorruptError{dir, segmentName(m.first.entry), 0, "the file is gone"}
	}
	return kept, nil
}

// recoverTail finds the end of the last segment, and cuts off what a crash has
// left behind it.
func (j *journal) recoverTail(m mark) (sequence, error) {
	seg := j.last()
	tail, err := scan(j.out, seg, nil)
	if err != nil {
		return tail.end, err
	}
	if err := tail.verdict(j.dir, seg, m); err != nil {
		return tail.end, err
	}
	if torn := seg.size - tail.size; torn > 0 {
		j.options.Logger.Warn("cutting off what a crash has left half written; it was not acknowledged", "spool", j.dir, "file", seg.name(), "offset", tail.size, "bytes", torn)
		if err := j.out.Truncate(tail.size); err != nil {
			return tail.end, err
		}
	}
	seg.size = tail.size
	return tail.end, j.harden(tail, m)
}

// harden writes the entries again of which nobody knows whether an fsync has
// succeeded: one that has failed leaves pages that look written and are not.
func (j *journal) harden(t tail, m mark) error {
	from := t.offsetOf(m.durable.entry)
	if from == t.size {
		return j.out.Sync()
	}
	data := make([]byte, t.size-from)
	if _, err := j.out.ReadAt(data, from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := j.out.WriteAt(data, from); err != nil {
		return err
	}
	return j.out.Sync()
}
