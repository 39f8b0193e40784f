package spool

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// Errors of Windows that package syscall has no names for.
const (
	errorSharingViolation syscall.Errno = 32
	errorHandleDiskFull   syscall.Errno = 39
	errorDiskFull         syscall.Errno = 112
)

// nonblock is nothing where files cannot be named pipes.
const nonblock = 0

// syncDir does nothing: folders cannot be synced, and NTFS keeps a journal.
func syncDir(string) error { return nil }

// isFull reports whether an error of a write says that there is no room.
func isFull(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull)
}

// isTooLarge reports false: the size of files has no limit.
func isTooLarge(error) bool { return false }

// lockFile opens a file without sharing it: a lock that ends with the process.
func lockFile(name string) (io.Closer, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}
