package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// Report is what is in the folder of a log.
type Report struct {
	Dir      string
	InUse    bool // by a running process
	Segments []SegmentReport
	Durable  uint64          // entries below were acknowledged, as far as the mark knows
	Torn     int64           // bytes at the end that are no whole entry: cut off at the next start, or being written
	Problems []*CorruptError // in the order of the files; each needs a decision
}

// SegmentReport is one file of a log.
type SegmentReport struct {
	File    string
	Created time.Time
	First   uint64 // sequence number of the first entry
	Entries int64  // whole ones
	Record  uint64 // sequence number of the first record
	Records int64
	Bytes   int64
	GaveUp  bool // entries before it were given up with Repair
}

// Entry is what a source handed over at once.
type Entry struct {
	File   string
	Offset int64
	Number uint64
	Record uint64 // number of the first record
	// Batch has the records with the partition and the offsets that they had
	// in the source. It is valid during the call only.
	Batch *plugins.Batch
}

// Inspect reads the log in a folder, all of it, and changes nothing. It calls
// each, unless that is nil, with every entry that can be read.
func Inspect(dir string, each func(Entry) error) (*Report, error) {
	return inspect(machine{}, filepath.Clean(dir), each)
}

func inspect(d disk, dir string, each func(Entry) error) (*Report, error) {
	const tries = 3 // what a running process removes meanwhile looks lost
	var r *Report
	var err error
	for range tries {
		r = &Report{Dir: dir}
		if err = r.read(d, each); each != nil || !r.InUse || err == nil && len(r.Problems) == 0 {
			break
		}
	}
	return r, err
}

func (r *Report) read(d disk, each func(Entry) error) error {
	if err := r.findUser(d); err != nil {
		return err
	}
	names, err := segmentNames(d, r.Dir)
	if err != nil {
		return err
	}
	m, ok, err := readMark(d, r.Dir)
	switch {
	case !ok && len(names) == 0 && err == nil:
		return fmt.Errorf("%s is no spool: name the folder with the files %s and *%s", r.Dir, markName, segmentSuffix)
	case !ok && err == nil:
		err = &CorruptError{r.Dir, markName, 0, "the file is gone"}
	}
	if err := r.note(err); err != nil {
		return err
	}
	r.Durable = m.durable.entry
	at := place{sequence: m.first, size: segmentHeader}
	for i, name := range names {
		if n, _ := parseSegmentName(name); n < m.first.entry {
			continue // it was to be removed
		}
		if at, err = r.segment(d, name, m.mark, at, i+1 == len(names), each); err != nil {
			return err
		}
	}
	if len(r.Segments) == 0 && m.durable != (sequence{1, 1}) && len(r.Problems) == 0 {
		return r.note(&CorruptError{r.Dir, segmentName(m.first.entry), 0, "the file is gone"})
	}
	return nil
}

// findUser finds out whether somebody uses the log.
func (r *Report) findUser(d disk) error {
	name := filepath.Join(r.Dir, lockName)
	f, err := d.Open(name, os.O_RDWR) // Lock would make it
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return openError(r.Dir, err)
	}
	lock, err := d.Lock(name)
	if errors.Is(err, errLocked) {
		r.InUse = true
		return nil
	}
	if err != nil {
		return openError(r.Dir, err)
	}
	return lock.Close()
}

// note adds a problem; it returns other errors.
func (r *Report) note(err error) error {
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		r.Problems = append(r.Problems, corrupt)
		return nil
	}
	return err
}

// place is the end of a file, or the beginning of a log.
type place struct {
	sequence
	file *segment // nil where none was before
	size int64
}

// segment reports a file that is to begin at a place, and returns its end.
func (r *Report) segment(d disk, name string, m mark, at place, last bool, each func(Entry) error) (place, error) {
	s, err := readSegment(d, r.Dir, name, m.id)
	if err != nil {
		n, _ := parseSegmentName(name)
		r.Segments = append(r.Segments, SegmentReport{File: name, First: n})
		return at, r.note(err)
	}
	if s.base != at.sequence && !s.gap && len(r.Problems) == 0 {
		r.Problems = append(r.Problems, r.hole(at, s))
	}
	f, err := d.Open(filepath.Join(r.Dir, name), os.O_RDONLY)
	if err != nil {
		return at, err
	}
	defer f.Close()
	t, err := scan(f, s, reading(name, each))
	if err != nil {
		return at, err
	}
	r.Segments = append(r.Segments, SegmentReport{
		File: name, Created: time.Unix(0, s.created), First: s.base.entry, Entries: int64(t.end.entry - s.base.entry),
		Record: s.base.record, Records: int64(t.end.record - s.base.record), Bytes: s.size, GaveUp: s.gap,
	})
	switch {
	case last:
		r.Torn = s.size - t.size
		err = r.note(t.verdict(r.Dir, s, m))
	case t.reason != nil:
		r.Problems = append(r.Problems, &CorruptError{r.Dir, name, t.size, t.reason.Error()})
	}
	return place{t.end, s, t.size}, err
}

// hole is what is wrong where a segment does not begin where the one before
// ends.
func (r *Report) hole(at place, s *segment) *CorruptError {
	if at.file == nil || at.file.base.entry != s.before {
		return &CorruptError{r.Dir, segmentName(max(s.before, at.entry)), 0, "the file is gone"}
	}
	return &CorruptError{r.Dir, at.file.name(), at.size, endsEarly(at.entry, s.base.entry)}
}

// reading makes entries of frames.
func reading(name string, each func(Entry) error) func(frame, int64) error {
	if each == nil {
		return nil
	}
	var pool plugins.Pool
	return func(fr frame, at int64) error {
		b := pool.Batch()
		defer b.Release()
		if err := serial.Read(b, fr.body, nil); err != nil {
			return fmt.Errorf("read entry %d at offset %d of %s: %w", fr.at.entry, at, name, errEntry(err))
		}
		return each(Entry{name, at, fr.at.entry, fr.at.record, b})
	}
}
