// Package regular tells the files that may be read from all else that a path may lead to. To open a named pipe may wait for ever,
// and to read a device may never end.
package regular

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Check refuses what is no regular file; info is of what the name leads to, behind links.
func Check(name string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("%s is %s, not a file", name, kindOf(info.Mode()))
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// Read reads a regular file: all of it, or where it is longer than limit, limit+1 bytes.
func Read(path string, limit int64) ([]byte, error) {
	if info, err := os.Stat(path); err == nil { // or to open it fails as well
		if err := Check(path, info); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(f, limit+1))
}
