package sinks

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// faulty is a file whose disk fails as it is told to.
type faulty struct {
	handle
	room     int // bytes that may be written yet
	sync     error
	truncate error
}

func (f *faulty) Write(p []byte) (int, error) {
	if len(p) <= f.room {
		f.room -= len(p)
		return f.handle.Write(p)
	}
	n, err := f.handle.Write(p[:f.room])
	f.room = 0
	if err == nil {
		err = &fs.PathError{Op: "write", Path: "out", Err: syscall.ENOSPC}
	}
	return n, err
}

func (f *faulty) Sync() error { return errors.Join(f.sync, f.handle.Sync()) }

func (f *faulty) Truncate(size int64) error {
	if f.truncate != nil {
		return f.truncate
	}
	return f.handle.Truncate(size)
}

// faultySink returns a sink on a faulty disk.
func faultySink(t *testing.T, policy, compression string) (s *file, disk *faulty, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "out")
	disk = &faulty{room: 1 << 20}
	s = &file{
		path: path, policy: syncPolicy(policy), compress: newCompressor(compression), term: []byte("\n"),
		env: plugins.Env{Now: time.Now, Logger: slog.New(slog.DiscardHandler)},
		open: func(path string, truncate bool) (handle, error) {
			h, err := openFile(path, truncate)
			disk.handle = h
			return disk, err
		},
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return s, disk, path
}

func records(values ...string) *plugins.Batch {
	b := new(plugins.Pool).Batch()
	b.Preamble = []byte("head")
	for _, v := range values {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(v))})
		b.Data = append(append(b.Data, v...), '\n')
	}
	b.SelectAll(len(values))
	return b
}

// put writes a batch and returns what became of it.
func put(t *testing.T, s *file, b *plugins.Batch) error {
	t.Helper()
	calls := 0
	var result error
	done := func(err error) { calls, result = calls+1, err }
	if err := s.Write(t.Context(), b, done); err != nil {
		return err
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if calls != 1 {
		t.Errorf("the batch was answered for %d times", calls)
	}
	return result
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

func TestPartialWriteIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"always", "interval", "never"} {
		s, disk, path := faultySink(t, policy, "none")
		disk.room = 13
		if err := put(t, s, records("one", "two")); err != nil {
			t.Fatal(err)
		}
		b := records("three")
		for range 2 {
			if err := put(t, s, b); !errors.Is(err, syscall.ENOSPC) || plugins.IsPermanent(err) {
				t.Errorf("%s: error %v", policy, err)
			}
			holds(t, path, "head\none\ntwo\n")
		}
		disk.room, disk.truncate = 3, syscall.EIO
		if err := put(t, s, b); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: error %v", policy, err)
		}
		disk.room, disk.truncate = 1<<20, nil // space returns
		if err := put(t, s, b); err != nil {
			t.Errorf("%s: error %v", policy, err)
		}
		holds(t, path, "head\none\ntwo\nthree\n")
	}
}

func TestFailedFsyncIsWrittenAgain(t *testing.T) {
	t.Parallel()
	s, disk, path := faultySink(t, "always", "none")
	if err := put(t, s, records("one")); err != nil {
		t.Fatal(err)
	}
	disk.sync = syscall.EIO
	if err := put(t, s, records("two")); !errors.Is(err, syscall.EIO) || plugins.IsPermanent(err) {
		t.Errorf("error %v", err)
	}
	holds(t, path, "head\none\n")
	disk.sync = nil
	if err := put(t, s, records("two")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "head\none\ntwo\n")
}

func TestFailedFsyncOfTheFirstRecords(t *testing.T) {
	t.Parallel()
	s, disk, path := faultySink(t, "always", "none")
	disk.sync = syscall.EIO
	if err := put(t, s, records("one")); err == nil {
		t.Error("no error")
	}
	disk.sync = nil
	if err := put(t, s, records("one")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "head\none\n")
}

func TestFailedFsyncLaterIsTold(t *testing.T) {
	t.Parallel()
	s, disk, _ := faultySink(t, "interval", "none")
	if err := put(t, s, records("one")); err != nil {
		t.Fatal(err)
	}
	disk.sync = syscall.EIO
	s.tick()
	if err := put(t, s, records("two")); !errors.Is(err, syscall.EIO) || plugins.IsPermanent(err) {
		t.Errorf("error %v", err)
	}
	disk.sync = nil
	if err := put(t, s, records("two")); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestFullDiskWithCompression(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gzip", "zstd"} {
		s, disk, path := faultySink(t, "always", method)
		if err := put(t, s, records("one")); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		disk.room = 10
		if err := put(t, s, records("two")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: error %v", method, err)
		}
		holds(t, path, string(before))
		disk.room = 1 << 20
		if err := put(t, s, records("two")); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		whole, err := s.compress.whole(f)
		if info, statErr := f.Stat(); err != nil || statErr != nil || whole != info.Size() {
			t.Errorf("%s: %d whole bytes, %v", method, whole, err)
		}
	}
}
