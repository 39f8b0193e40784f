package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// disk is what a log needs of a file system: the machine's, or one of a test
// that loses what was not synced and fails where it is told to.
type disk interface {
	MakeDir(dir string) error
	List(dir string) ([]string, error) // names of the files, sorted
	Open(name string, flag int) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(dir string) error
	// Lock keeps others from locking the same name until it is closed. It
	// returns errLocked when somebody has it.
	Lock(name string) (io.Closer, error)
}

// file is an open file.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Size() (int64, error)
}

var errLocked = errors.New("locked")

// machine is the file system of the machine.
type machine struct{}

func (machine) MakeDir(dir string) error { return os.MkdirAll(dir, 0o700) }

func (machine) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (machine) Open(name string, flag int) (file, error) {
	if err := regular(name); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, flag|nonblock, 0o600)
	if err != nil {
		return nil, err
	}
	return machineFile{f}, nil
}

func (machine) Rename(from, to string) error { return os.Rename(from, to) }
func (machine) Remove(name string) error     { return os.Remove(name) }
func (machine) SyncDir(dir string) error     { return syncDir(dir) }

func (machine) Lock(name string) (io.Closer, error) {
	if err := regular(name); err != nil {
		return nil, err
	}
	return lockFile(name)
}

// regular returns an error where a name is taken by something that is no file:
// opening a named pipe may wait for ever.
func regular(name string) error {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file: move it away, and restore the file if there was one", name)
	}
	return nil
}

type machineFile struct{ *os.File }

// Size returns the length in bytes.
func (f machineFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// readAll returns what is in a file; nothing where there is none.
func readAll(d disk, name string) ([]byte, error) {
	f, err := d.Open(name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	n, err := f.ReadAt(data, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], err
}

// writeWhole makes a file with a content, durably and at once: after a crash
// there is all of it, or nothing of that name.
func writeWhole(d disk, dir, name string, content []byte) error {
	temporary := name + temporarySuffix
	f, err := d.Open(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.Remove(temporary))
	}
	if err := d.Rename(temporary, name); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// temporarySuffix ends the names of files that are not whole yet.
const temporarySuffix = ".tmp"
