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
	return stamp(dir, "")
}

// stamp is [Stamp], but for one of the files.
func stamp(dir, but string) string {
	var b strings.Builder
	count, files := 0, os.DirFS(dir)
	// What cannot be read is told by Read; here it has no stamp.
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // the others count
		case entry.IsDir() && name != "." && leftOut(name):
			return fs.SkipDir
		case entry.IsDir() || leftOut(name) || name == but:
			return nil
		}
		// Stat, and not what the entry says: links are followed.
		if info, err := fs.Stat(files, name); err == nil && info.Mode().IsRegular() {
			fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
		}
		if count++; count > maxFiles {
			return fs.SkipAll
		}
		return nil
	})
	return b.String()
}
