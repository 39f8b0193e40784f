package state

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// slack is how much room a database needs besides what is to be written: to
// be opened, and for its first flush.
const slack = 1 << 20

// isFull reports whether an error passes when somebody makes room: on the disk,
// or by raising a limit of this process.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// limited adds the remedy to an error of a limit that the process has run into.
func limited(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w; raise the limit of open files of this process: ulimit -n", err)
	case errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("%w; raise the limit of open files of this machine", err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w; raise the limit of the size of files: ulimit -f", err)
	}
	return err
}

// probe reports whether there is room for size bytes and what opening a
// database takes. A database that runs into a full disk costs more to give up
// than a file.
func probe(fs vfs.FS, dir string, size int) error {
	name := fs.PathJoin(dir, "PROBE")
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = fillFile(f, size+slack)
	return errors.Join(err, f.Close(), fs.Remove(name))
}

func fillFile(f vfs.File, size int) error {
	block := make([]byte, 64<<10)
	for left := size; left > 0; left -= len(block) {
		if _, err := f.Write(block); err != nil {
			return err
		}
	}
	return f.Sync()
}
