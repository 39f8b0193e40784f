//go:build unix

package spool

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// nonblock makes opening a named pipe that took a file's place meanwhile not
// wait for who is at its other end.
const nonblock = syscall.O_NONBLOCK

// syncDir makes what was created, renamed and removed in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// isFull reports whether an error of a write says that there is no room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || isTooLarge(err)
}

// isTooLarge reports whether there is no room in this file: the process may not
// have a larger one.
func isTooLarge(err error) bool { return errors.Is(err, syscall.EFBIG) }

func lockFile(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = flock(f)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
