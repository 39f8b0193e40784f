package sinks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// stamp is the time in the name of a full file.
	stamp = "20060102T150405Z"
	// digits is the width of the number behind it.
	digits = 4
	// mostInASecond is how many full files one time is given to.
	mostInASecond = 9999
)

// fullFile is what tells the full files of a path apart, and their age: a
// time, and a number among those of one time. Their names sort as they do.
type fullFile struct {
	at time.Time // whole seconds, UTC
	n  int       // from 1
}

// after returns the next full file. It is younger than f whatever the clock
// says: that may be set back, and many files may be full within one second.
func (f fullFile) after(now time.Time) fullFile {
	now = now.UTC().Truncate(time.Second)
	switch {
	case now.After(f.at):
		return fullFile{now, 1}
	case f.n < mostInASecond:
		return fullFile{f.at, f.n + 1}
	default:
		return fullFile{f.at.Add(time.Second), 1}
	}
}

// compare is negative when f is older than g.
func (f fullFile) compare(g fullFile) int {
	if c := f.at.Compare(g.at); c != 0 {
		return c
	}
	return f.n - g.n
}

// name returns what the full file of the path is called.
func (f fullFile) name(path string) string {
	stem, ext := split(path)
	return fmt.Sprintf("%s-%s-%0*d%s", stem, f.at.Format(stamp), digits, f.n, ext)
}

// parseFull finds out which full file of the path a name in its folder is.
func parseFull(path, name string) (fullFile, bool) {
	stem, ext := split(path)
	rest, ok := strings.CutPrefix(name, filepath.Base(stem)+"-")
	if !ok {
		return fullFile{}, false
	}
	if rest, ok = strings.CutSuffix(rest, ext); !ok {
		return fullFile{}, false
	}
	at, number, _ := strings.Cut(rest, "-")
	if len(at) != len(stamp) || len(number) != digits {
		return fullFile{}, false
	}
	t, err := time.Parse(stamp, at)
	if err != nil {
		return fullFile{}, false
	}
	n, err := strconv.ParseUint(number, 10, 32)
	return fullFile{t, int(n)}, err == nil && n > 0
}

// split cuts a path into what stands in front of the time and what behind it.
func split(path string) (stem, ext string) {
	dir, base := filepath.Split(path)
	if dot := strings.IndexByte(base[1:], '.'); dot >= 0 {
		return dir + base[:dot+1], base[dot+1:]
	}
	return path, ""
}

// fullFiles lists the full files of the path.
func fullFiles(path string) ([]fullFile, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var full []fullFile
	for _, e := range entries {
		if f, ok := parseFull(path, e.Name()); ok {
			full = append(full, f)
		}
	}
	return full, nil
}

// free returns the first full file from f on whose name nobody has.
func (f fullFile) free(path string) (fullFile, error) {
	for {
		_, err := os.Lstat(f.name(path))
		if errors.Is(err, os.ErrNotExist) {
			return f, nil
		}
		if err != nil {
			return f, err
		}
		f = f.after(f.at)
	}
}
