package sinks

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// handle is an open file, so far as the sink needs one.
type handle interface {
	io.WriteCloser
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
}

// openFile opens a file to add to it.
func openFile(path string, truncate bool) (handle, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if truncate {
		flags |= os.O_TRUNC
	}
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		flags |= nonblock // writes wait for the reader all the same
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// output is the open file. What it holds is always whole: a write that fails
// is taken back.
type output struct {
	f       handle // nil when it is not open
	path    string
	regular bool // not a pipe or device, which cannot be cut or synced
	size    int64
	synced  int64 // bytes that the disk has for certain
	torn    bool  // behind size stands what could not be taken back
	ended   bool  // what was there before is known to end with a record
	began   time.Time
	looked  time.Time // when the path was last seen to lead here
}

// whole lets fill write, and takes all of it back if that fails.
func (o *output) whole(fill func(write func([]byte) error) error) error {
	written := int64(0)
	err := fill(func(p []byte) error {
		n, err := o.f.Write(p)
		written += int64(n)
		return err
	})
	if err == nil {
		o.size += written
		o.ended = true
		return nil
	}
	err = o.explain("write", err)
	if written > 0 {
		o.torn = true
		return errors.Join(err, o.mend())
	}
	return err
}

// mend takes back what a failed write has left.
func (o *output) mend() error {
	if !o.torn || !o.regular {
		o.torn = false
		return nil
	}
	return o.cutTo(o.size)
}

// cutTo makes the file end after so many bytes.
func (o *output) cutTo(size int64) error {
	if !o.regular {
		return nil
	}
	o.size, o.synced, o.torn = size, min(o.synced, size), true
	if err := o.f.Truncate(size); err != nil {
		return o.explain("cut back", err)
	}
	o.torn = false
	return nil
}

// force makes the disk have it all.
func (o *output) force() error {
	if o.synced == o.size || !o.regular {
		o.synced = o.size
		return nil
	}
	if err := o.f.Sync(); err != nil {
		return o.explain("force to the disk", err)
	}
	o.synced = o.size
	return nil
}

func (o *output) close() error {
	f := o.f
	o.f = nil
	if err := f.Close(); err != nil {
		return o.explain("close", err)
	}
	return nil
}

// explain says what was tried and what can be done. Whether it is tried again,
// the engine knows.
func (o *output) explain(what string, err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err // the operation and the path are told here
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s %s: %w: free some space", what, o.path, err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%s %s: %w: raise the limit, or rotate by size", what, o.path, err)
	default:
		return fmt.Errorf("%s %s: %w", what, o.path, err)
	}
}
