package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/onstream/onstream/plugins"
)

// lookEvery is how often the sink sees whether its file still has its name.
const lookEvery = time.Second

// ready sees to it that there is a file to write to, whole and not full.
func (s *file) ready() error {
	if s.out.f != nil {
		if err := s.out.mend(); err != nil {
			return err
		}
		if err := s.rotateIfDue(); err != nil {
			return err
		}
		if err := s.letGoOfMoved(); err != nil {
			return err
		}
	}
	if s.out.f == nil {
		return s.openOutput()
	}
	return nil
}

// openOutput opens the file at the sink's path.
func (s *file) openOutput() error {
	f, err := s.open(s.path, s.truncate)
	if err != nil {
		return explainOpen(s.path, err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", s.path, err), f.Close())
	}
	s.truncate = false
	first := !s.opened
	s.opened = true
	now := s.env.Now()
	s.out = output{f: f, path: s.path, regular: info.Mode().IsRegular(), began: now, looked: now}
	if s.out.regular {
		s.out.size, s.out.synced = info.Size(), info.Size()
	}
	if s.out.size == 0 {
		return nil
	}
	if s.compress != nil {
		err = s.dropTornMember()
	} else if first && !s.env.Replaces { // the one it replaces may be at work
		err = s.dropTornRecord()
	}
	if err != nil {
		s.opened = !first
		return errors.Join(err, s.out.close())
	}
	return nil
}

// dropTornMember cuts off the member that a crash has left half written: no
// reader would see what comes behind it.
func (s *file) dropTornMember() error {
	f, err := os.Open(s.path)
	if err != nil {
		return plugins.Permanent(fmt.Errorf("open %s to look for its end: %w", s.path, err))
	}
	defer f.Close()
	whole, err := s.compress.whole(f)
	if err != nil {
		return fmt.Errorf("look for the end of %s: %w", s.path, err)
	}
	if whole == 0 {
		return plugins.Permanent(fmt.Errorf("open %s: it is there already and not compressed as this sink does: move it away, or set append = false", s.path))
	}
	if whole == s.out.size {
		return nil
	}
	s.env.Logger.Warn("cutting off what a crash has left half written", "path", s.path, "bytes", s.out.size-whole)
	return s.out.cutTo(whole)
}

// explainOpen says what can be done about a file that cannot be opened.
func explainOpen(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return plugins.Permanent(fmt.Errorf("%w: create the folder %s", err, filepath.Dir(path)))
	case errors.Is(err, fs.ErrPermission):
		return plugins.Permanent(fmt.Errorf("%w: let the user that runs onstream write there", err))
	case errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%w: nobody reads the pipe: start its reader", err)
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return plugins.Permanent(fmt.Errorf("open %s: it is a folder: name a file in it", path))
	}
	return err
}

// letGoOfMoved closes a file that was renamed or removed by somebody else, so
// that records go to where the path leads.
func (s *file) letGoOfMoved() error {
	now := s.env.Now()
	if s.out.f == nil || !s.out.regular || now.Sub(s.out.looked) < lookEvery {
		return nil
	}
	s.out.looked = now
	mine, err := s.out.f.Stat()
	if err != nil {
		return fmt.Errorf("look at %s: %w", s.path, err)
	}
	there, err := os.Stat(s.path)
	if err == nil && os.SameFile(mine, there) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", s.path, err)
	}
	return s.shut()
}

// startUnder finds records that do not belong under what the file begins with.
func (s *file) startUnder(b *plugins.Batch) error {
	first := !s.header.known
	if err := s.header.check(s.path, b); err != nil {
		return err
	}
	if !first || s.header.line == nil || s.out.size == 0 {
		return nil
	}
	there, err := s.firstLine()
	if err != nil {
		s.header = header{}
		return fmt.Errorf("read the first line of %s: %w", s.path, err)
	}
	if !bytes.Equal(there, s.header.line) {
		s.header = header{}
		return plugins.Permanent(fmt.Errorf("write %s: it is there already and begins with %q, not %q: move it away, or set append = false", s.path, clip(there), clip(b.Preamble)))
	}
	return nil
}

// firstLine returns what the file that was there begins with, no longer than
// the line that it should begin with.
func (s *file) firstLine() ([]byte, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if s.compress != nil {
		if r, err = s.compress.reader(f); err != nil {
			return nil, err
		}
	}
	want := len(s.header.line) + len(s.term)
	line, err := io.ReadAll(io.LimitReader(r, int64(want)))
	if rest, ok := bytes.CutSuffix(line, s.term); ok && len(line) == want {
		return rest, err
	}
	return line, err
}

// lead returns what is to stand in front of the next record.
func (s *file) lead() []byte {
	switch {
	case s.out.size == 0 && s.header.line != nil:
		return append(bytes.Clone(s.header.line), s.term...)
	case s.compress == nil && s.out.unended(s.term):
		return s.term
	default:
		return nil
	}
}

// unended reports whether the file that was there ends within a line, for which
// a crash is the usual reason. It is only the first batch's business:
// what the sink writes is whole.
func (o *output) unended(term []byte) bool {
	if o.ended || o.size == 0 || !o.regular || len(term) == 0 {
		return false
	}
	f, err := os.Open(o.path)
	if err != nil {
		return false // it may be written and not read: then nobody can tell
	}
	defer f.Close()
	end := make([]byte, len(term))
	_, err = f.ReadAt(end, max(0, o.size-int64(len(end))))
	return err == nil && !bytes.Equal(end, term)
}
