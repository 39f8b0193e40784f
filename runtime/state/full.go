package state

import (
	"errors"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// slack is how much room a database needs besides what is to be written: to
// be opened, and for its first flush.
const slack = 1 << 20

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
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
