package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrInUse is among the errors of opening a store that is open already.
var ErrInUse = errors.New("in use by another onstream process")

const lockName = "LOCK"

// What to do when a folder is in use, for who wants to run on it, to change it,
// and only to look at it.
const (
	stopOrMove = "stop it, or give this one another --state"
	stopIt     = "stop it first"
	stopOrAsk  = "stop it first, or ask it: with onstream run --http its metrics tell what it keeps"
)

// emptyError is the folder of a pipeline where nothing is stored; to programs it is
// an [fs.ErrNotExist].
type emptyError string

func (e emptyError) Error() string {
	return fmt.Sprintf("nothing is stored in %s; onstream state list shows the pipelines of a folder", string(e))
}

func (e emptyError) Unwrap() error { return fs.ErrNotExist }

// lockFolder keeps others out of a folder. One that only reads needs the lock,
// too: a database is not to be read while it is written.
func lockFolder(under vfs.FS, dir string, readOnly bool, remedy string) (io.Closer, error) {
	if readOnly {
		if _, err := under.Stat(under.PathJoin(dir, databaseName)); errors.Is(err, fs.ErrNotExist) {
			return nil, emptyError(dir)
		}
	} else if err := createFolder(under, dir); err != nil {
		return nil, permission(dir, fmt.Errorf("create folder: %w", err))
	}
	name := under.PathJoin(dir, lockName)
	lock, err := under.Lock(name)
	var errno syscall.Errno
	switch {
	case err == nil:
		return lock, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, permission(dir, err)
	case isPathError(err):
		return nil, fmt.Errorf("lock %s: %w", dir, limited(err))
	}
	who := ""
	// To look at the file of a lock that this process holds would release it;
	// then the error is not one of the system.
	if errors.As(err, &errno) {
		if pid := holder(name); pid > 0 {
			who = fmt.Sprintf(" (pid %d)", pid)
		}
	}
	return nil, fmt.Errorf("the state in %s is %w%s; %s", dir, ErrInUse, who, remedy)
}

// permission adds the remedy to an error about a folder.
func permission(dir string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w; let this user read and write %s, or give another --state", err, dir)
}

// createFolder makes a folder and those above it, so that they outlast a loss
// of power.
func createFolder(under vfs.FS, dir string) error {
	if _, err := under.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := under.PathDir(dir)
	if parent == dir {
		return nil
	}
	if err := createFolder(under, parent); err != nil {
		return err
	}
	if err := under.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncFolder(under, parent)
}
