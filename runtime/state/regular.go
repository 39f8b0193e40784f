package state

import (
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkRegular refuses what cannot be a file of a store: opening a named pipe
// would wait for ever. Folders is whether there may be some beside the files.
func checkRegular(under vfs.FS, folder string, folders bool) error {
	names, err := under.List(folder)
	if err != nil {
		return nil // what opens the files tells why
	}
	for _, name := range names {
		path := under.PathJoin(folder, name)
		info, err := under.Stat(path)
		if err != nil {
			continue
		}
		mode := info.Mode()
		if mode.IsRegular() || folders && mode&fs.ModeDir != 0 {
			continue
		}
		return fmt.Errorf("%s is not a regular file: move it away, and restore the file if there was one", path)
	}
	return nil
}
