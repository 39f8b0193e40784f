package sinks

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rotation says when a file is full, and how many full ones are kept.
type rotation struct {
	size  int64         // 0 for no limit
	every time.Duration // 0 for no limit
	keep  int           // 0 for all
}

// stamp is the time in the name of a full file.
const stamp = "20060102T150405Z"

// rotateIfDue puts a full file away. The next write begins a new one.
func (s *file) rotateIfDue() error {
	r, o := s.rotate, &s.out
	if o.f == nil || !o.regular || o.size == 0 {
		return nil
	}
	full := r.size > 0 && o.size >= r.size || r.every > 0 && s.env.Now().Sub(o.began) >= r.every
	if !full {
		return nil
	}
	if err := s.finish(); err != nil {
		return err
	}
	if err := o.force(); err != nil { // the rename must not survive a crash that the data does not
		return err
	}
	away, err := fullName(s.path, s.env.Now())
	if err == nil {
		err = os.Rename(s.path, away)
	}
	if err != nil {
		return fmt.Errorf("rotate %s: %w", s.path, err)
	}
	s.header = header{}
	return errors.Join(o.close(), syncFolder(filepath.Dir(s.path)), s.prune())
}

// split cuts a path into what stands in front of the time and what behind it.
func split(path string) (stem, ext string) {
	dir, base := filepath.Split(path)
	if dot := strings.IndexByte(base[1:], '.'); dot >= 0 {
		return dir + base[:dot+1], base[dot+1:]
	}
	return path, ""
}

// fullName returns a free name for a full file.
func fullName(path string, now time.Time) (string, error) {
	stem, ext := split(path)
	stem += "-" + now.UTC().Format(stamp)
	name := stem + ext
	for n := 2; ; n++ {
		_, err := os.Lstat(name)
		if errors.Is(err, os.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		name = stem + "-" + strconv.Itoa(n) + ext
	}
}

// fullFile is the name of a full file, taken apart.
type fullFile struct {
	name string
	time string
	n    int
}

// parseFull takes the name of a full file of the path apart.
func parseFull(path, name string) (fullFile, bool) {
	stem, ext := split(path)
	middle, ok := strings.CutPrefix(name, filepath.Base(stem)+"-")
	if !ok {
		return fullFile{}, false
	}
	if middle, ok = strings.CutSuffix(middle, ext); !ok {
		return fullFile{}, false
	}
	at, number, numbered := strings.Cut(middle, "-")
	f := fullFile{name: name, time: at, n: 1}
	if numbered {
		n, err := strconv.Atoi(number)
		if err != nil {
			return fullFile{}, false
		}
		f.n = n
	}
	_, err := time.Parse(stamp, at)
	return f, err == nil
}

// prune removes the oldest full files beyond those that are kept.
func (s *file) prune() error {
	if s.rotate.keep == 0 {
		return nil
	}
	dir := filepath.Dir(s.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("remove old files: %w", err)
	}
	var full []fullFile
	for _, e := range entries {
		if f, ok := parseFull(s.path, e.Name()); ok {
			full = append(full, f)
		}
	}
	slices.SortFunc(full, func(a, b fullFile) int {
		return cmp.Or(strings.Compare(a.time, b.time), cmp.Compare(a.n, b.n))
	})
	for _, f := range full[:max(0, len(full)-s.rotate.keep)] {
		if err := os.Remove(filepath.Join(dir, f.name)); err != nil {
			return fmt.Errorf("remove old files: %w", err)
		}
	}
	return nil
}

// syncFolder makes the disk have the names in a folder. Not every system can:
// there the rename is as safe as it gets.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	_ = d.Sync()
	return d.Close()
}
