//go:build !linux

package process

import (
	"io/fs"
	"os"
)

// openFile returns the path: a file that is open cannot be executed here.
func openFile(_ *os.File, path string) string { return path }

// sameContent reports whether a file looks as if nothing was written to it between two looks.
func sameContent(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
