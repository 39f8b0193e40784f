package state

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fence is the file system of one database. It lets the first write or sync
// that fails be the last: Pebble tries some of them again, but what a failed
// fsync has left on disk is unknown. From then on, and once the database is
// given up, nothing it still does in the background reaches the disk, so that
// another one can be opened in its place.
//
// Of logs, manifests and folders Pebble is not told that they cannot be written:
// where it changes to a new log or cannot note what it has done it would end the
// process, and cannot go on. And while it opens the database
// it is told of nothing: it would try a flush that fails for ever, and what it
// leaves behind when it gives up cannot be closed. So whoever lets it write asks
// for the reason afterwards.
type fence struct {
	vfs.FS
	broken chan struct{}
	isOpen atomic.Bool

	held held

	mu  sync.RWMutex // held for reading while something is written
	err error
}

func newFence(under vfs.FS) *fence {
	return &fence{FS: under, broken: make(chan struct{})}
}

// breakWith stops all writing. The first reason counts.
func (f *fence) breakWith(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		close(f.broken)
	}
}

// opened ends the time in which Pebble is told of nothing.
func (f *fence) opened() { f.isOpen.Store(true) }

func (f *fence) isBroken() bool {
	select {
	case <-f.broken:
		return true
	default:
		return false
	}
}

// isHidden reports whether Pebble is not told of what broke the fence.
func (f *fence) isHidden() bool { return f.isBroken() && !f.isOpen.Load() }

// reason is why nothing is written any more, nil while that is not so.
func (f *fence) reason() error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.err
}

// do does what changes something on disk.
func (f *fence) do(change func() error) error {
	err := f.try(change)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.breakWith(err)
	}
	return err
}

// tell is do, with the error that Pebble is told.
func (f *fence) tell(change func() error) error {
	err := f.do(change)
	if err != nil && f.isHidden() {
		return nil
	}
	return err
}

// try is do for what Pebble can do without.
func (f *fence) try(change func() error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.err != nil {
		return f.err
	}
	return change()
}

// open makes a file that is behind the fence, too.
func (f *fence) open(name string, open func() (vfs.File, error)) (vfs.File, error) {
	quiet := isVital(f.PathBase(name))
	var file vfs.File
	err := f.do(func() (err error) {
		file, err = open()
		return err
	})
	if err != nil && quiet {
		f.breakWith(err)
	}
	if err != nil && (quiet || f.isHidden()) {
		file, err = vfs.NewMemFile(nil), nil // never written
	}
	if err != nil {
		return nil, err
	}
	return &fencedFile{file, f, quiet}, nil
}

// Unwrap implements [vfs.FS].
func (f *fence) Unwrap() vfs.FS { return f.FS }

// Lock implements [vfs.FS]. The lock of the folder is the store's: it outlives
// the database.
func (f *fence) Lock(string) (io.Closer, error) { return noLock{}, nil }

type noLock struct{}

func (noLock) Close() error { return nil }

// Open implements [vfs.FS].
func (f *fence) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.Open(name, o...)
	if err == nil && strings.HasSuffix(name, tableSuffix) {
		file = &tableFile{file, name}
	}
	return file, err
}

// Create implements [vfs.FS]. What a marker names is in the folder before the
// marker is: Pebble syncs the folder once for both.
func (f *fence) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open(name, func() (vfs.File, error) {
		if isMarker(f.PathBase(name)) {
			if err := syncFolder(f.FS, f.PathDir(name)); err != nil {
				return nil, err
			}
		}
		file, err := f.FS.Create(name, c)
		if err == nil {
			f.held.make(name)
		}
		return file, err
	})
}

// OpenReadWrite implements [vfs.FS].
func (f *fence) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return f.open(name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, o...) })
}

// ReuseForWrite implements [vfs.FS].
func (f *fence) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.held.remove(oldname) {
		return f.Create(newname, c)
	}
	return f.open(newname, func() (vfs.File, error) { return f.FS.ReuseForWrite(oldname, newname, c) })
}

// OpenDir implements [vfs.FS].
func (f *fence) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &fencedFile{dir, f, true}, nil
}

// Link implements [vfs.FS].
func (f *fence) Link(oldname, newname string) error {
	return f.try(func() error { return f.FS.Link(oldname, newname) })
}

// Remove implements [vfs.FS]. What cannot be removed is in nobody's way.
func (f *fence) Remove(name string) error {
	if f.held.remove(name) {
		return nil
	}
	return f.try(func() error { return f.FS.Remove(name) })
}

// RemoveAll implements [vfs.FS].
func (f *fence) RemoveAll(name string) error {
	return f.try(func() error { return f.FS.RemoveAll(name) })
}

// Rename implements [vfs.FS].
func (f *fence) Rename(oldname, newname string) error {
	return f.tell(func() error {
		err := f.FS.Rename(oldname, newname)
		if err == nil {
			f.held.rename(oldname, newname)
		}
		return err
	})
}

// MkdirAll implements [vfs.FS].
func (f *fence) MkdirAll(dir string, perm os.FileMode) error {
	return f.tell(func() error { return f.FS.MkdirAll(dir, perm) })
}

type fencedFile struct {
	vfs.File
	fence *fence
	quiet bool // its errors are only told to the fence
}

func (f *fencedFile) do(change func() error) error {
	if err := f.fence.tell(change); !f.quiet {
		return err
	}
	return nil
}

// Write implements [vfs.File].
func (f *fencedFile) Write(p []byte) (int, error) {
	n := len(p)
	err := f.do(func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	if err == nil {
		n = len(p)
	}
	return n, err
}

// WriteAt implements [vfs.File].
func (f *fencedFile) WriteAt(p []byte, at int64) (int, error) {
	n := len(p)
	err := f.do(func() (err error) {
		n, err = f.File.WriteAt(p, at)
		return err
	})
	if err == nil {
		n = len(p)
	}
	return n, err
}

// Preallocate implements [vfs.File].
func (f *fencedFile) Preallocate(offset, length int64) error {
	return f.fence.try(func() error { return f.File.Preallocate(offset, length) })
}

// Sync implements [vfs.File].
func (f *fencedFile) Sync() error { return f.do(f.File.Sync) }

// SyncData implements [vfs.File].
func (f *fencedFile) SyncData() error { return f.do(f.File.SyncData) }

// SyncTo implements [vfs.File].
func (f *fencedFile) SyncTo(length int64) (full bool, err error) {
	err = f.do(func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// Close implements [vfs.File]. It happens on either side of the fence.
func (f *fencedFile) Close() error {
	err := f.File.Close()
	if err != nil && f.quiet {
		f.fence.breakWith(err)
		return nil
	}
	return err
}
