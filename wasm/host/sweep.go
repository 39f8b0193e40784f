package host

import (
	"cmp"
	"errors"
	"fmt"
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
)

// Touch notes that what is at a path is used, for [SweepFolder]. Where that cannot be noted, it goes sooner than it has to.
func Touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now) // see above
}

// SweepFolder removes from a folder of things that can be made again, files and folders, those that were not used for
// 30 days, and where the others take more than 1 GiB, those of them that were not used for longest. The one that was
// used last stays in any case. Others may use the folder at the same time.
func SweepFolder(dir string) error {
	things, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for what is old: %w", err)
	}
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
		if i == 0 || sum <= keepSize && time.Since(t.used) <= keepFor {
			continue
		}
		if err := os.RemoveAll(t.path); err != nil {
			return fmt.Errorf("remove what is old: %w", err)
		}
	}
	return nil
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
