package host

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// What a folder of things that can be made again keeps.
const (
	keepFor  = 30 * 24 * time.Hour // since it was used last
	keepSize = 1 << 30             // bytes of all of it
	keepAny  = 10 * time.Minute    // since it was used last, however much it is: longer than a use takes
)

// Touch notes that what is at a path is used, for [SweepFolder], which leaves it alone for a while then. It comes before the use.
// Where it cannot be noted, it goes sooner than it has to.
func Touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now) // see above
}

// SweepFolder removes from a folder of things that can be made again, files and folders, those that were not used for
// 30 days, and where the others take more than 1 GiB, those of them that were not used for longest. What was used in the last
// 10 minutes stays in any case, and so does the one that was used last: others may use the folder at the same time. What cannot
// be removed stays too, and is in nobody's way.
func SweepFolder(dir string) {
	things, _ := os.ReadDir(dir) // those that it can tell
	type thing struct {
		path string
		used time.Time
	}
	var all []thing
	for _, t := range things {
		if info, err := t.Info(); err == nil { // or it has just gone
			all = append(all, thing{filepath.Join(dir, t.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b thing) int { return cmp.Or(b.used.Compare(a.used), cmp.Compare(a.path, b.path)) })
	var sum int64
	for i, t := range all {
		sum += sizeOf(t.path)
		if i > 0 && (sum > keepSize || time.Since(t.used) > keepFor) && !inUse(t.path) {
			_ = os.RemoveAll(t.path) // see above
		}
	}
}

// inUse reports whether something may be in use now, which may have begun since the folder was read.
func inUse(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && time.Since(info.ModTime()) < keepAny
}

// sizeOf returns how many bytes a file has, or all files of a folder, as far as they can be seen.
func sizeOf(path string) (sum int64) {
	_ = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it has just gone
			}
			return fs.SkipDir
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	}) // what cannot be seen does not count
	return sum
}
