package project

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Stamp tells one state of the folder of a project from another by the names, sizes and times of the files that it is built from,
// without reading them. It is for those who look often.
func Stamp(dir string) string {
	var b strings.Builder
	files := 0
	// What cannot be read is told by Read; here it has no stamp.
	_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // the others count
		case entry.IsDir() && name != "." && leftOut(name):
			return fs.SkipDir
		case entry.IsDir() || leftOut(name):
			return nil
		}
		if info, err := entry.Info(); err == nil {
			fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
		}
		if files++; files > maxFiles {
			return fs.SkipAll
		}
		return nil
	})
	return b.String()
}
