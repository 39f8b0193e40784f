package sources

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// What may have become of a file.
type fileState int

const (
	present   fileState = iota
	replaced            // another file has its name
	truncated           // it was emptied, and perhaps written again
)

// look finds out what became of the open file.
func (t *tail) look(open *os.File, begin fingerprint) (fileState, error) {
	mine, err := open.Stat()
	if err != nil {
		return present, err
	}
	there, err := os.Stat(t.path)
	if err == nil && !os.SameFile(mine, there) {
		return replaced, nil
	}
	at, err := open.Seek(0, io.SeekCurrent)
	if err != nil {
		return present, err
	}
	if mine.Size() < at {
		return truncated, nil
	}
	same, err := begin.matches(open)
	if err == nil && !same {
		return truncated, nil
	}
	return present, err
}

// catchUp reads what is left of the file where reading stopped the last time,
// if that was renamed since. It is looked for beside the new one, under a name
// that begins the same up to its first dot.
func (t *tail) catchUp(ctx context.Context, now *input) error {
	if t.from == nil {
		return nil
	}
	if same, err := t.from.file.matches(now.file); same || err != nil {
		return err
	}
	old, err := t.findRotated(now.file)
	if err != nil || old == nil {
		return err // there is none: opening the new one says so
	}
	defer old.Close()
	s, err := t.open(old, t.out, t.from)
	if err != nil {
		return err
	}
	s.part.Name = t.path
	if err := s.run(ctx); err != nil {
		return readError(ctx, old.file.Name(), s, err)
	}
	t.out.Done(s.part)
	t.epoch, t.from, t.fromEnd = t.from.epoch+1, nil, false
	return nil
}

// findRotated returns the file that the position is of, nil when it is gone.
func (t *tail) findRotated(now *os.File) (*input, error) {
	dir, base := filepath.Split(t.path)
	stem, _, _ := strings.Cut(base, ".")
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name() == base || !strings.HasPrefix(e.Name(), stem) {
			continue
		}
		in, err := openInput(filepath.Join(dir, e.Name()), "none", &t.file.read)
		if err != nil {
			continue // renamed once more, or not ours to read
		}
		info, err := in.file.Stat()
		if err == nil && info.Size() >= t.from.offset {
			if same, err := t.from.file.matches(in.file); same && err == nil {
				return in, nil
			}
		}
		if err := in.Close(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// lastRecord returns where the last record begins that is not whole yet, the
// end of the file if there is none.
func lastRecord(f *os.File, terminator []byte) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size := info.Size()
	if len(terminator) == 0 {
		return size, nil
	}
	buf := make([]byte, min(size, keptBytes))
	n, err := f.ReadAt(buf, size-int64(len(buf)))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	for i := n - 1; i >= 0; i-- {
		if buf[i] == terminator[len(terminator)-1] {
			return size - int64(len(buf)) + int64(i) + 1, nil
		}
	}
	return size - int64(len(buf)), nil
}
