package state

import (
	"slices"
	"strconv"
	"strings"
)

// databaseFiles are the names of the files of a database, of each kind in the
// order of their numbers.
type databaseFiles struct {
	manifest string // that the marker names; "" without one
	isMarked bool   // there is a marker of the format
	names    map[string]bool
	logs     []string
	options  []string
	tables   []string
}

// How Pebble names files. A marker is an empty file whose name tells what
// counts: marker.KIND.ITERATION.VALUE.
const (
	markerPrefix   = "marker."
	manifestMarker = markerPrefix + "manifest."
	formatMarker   = markerPrefix + "format-version."
	manifestPrefix = "MANIFEST-"
	optionsPrefix  = "OPTIONS-"
	logSuffix      = ".log"
	tableSuffix    = ".sst"
)

func (s *Store) listFiles() (databaseFiles, error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return databaseFiles{}, err
	}
	slices.Sort(names)
	x := databaseFiles{names: map[string]bool{}}
	for _, name := range names {
		x.names[name] = true
		switch {
		case strings.HasPrefix(name, manifestMarker):
			_, x.manifest, _ = strings.Cut(strings.TrimPrefix(name, manifestMarker), ".")
		case strings.HasPrefix(name, formatMarker):
			x.isMarked = true
		case strings.HasPrefix(name, optionsPrefix):
			x.options = append(x.options, name)
		case strings.HasSuffix(name, logSuffix):
			x.logs = append(x.logs, name)
		case strings.HasSuffix(name, tableSuffix):
			x.tables = append(x.tables, name)
		}
	}
	return x, nil
}

// isVital reports whether a file is a log, or of a manifest: one that Pebble does
// not go on without.
func isVital(name string) bool {
	return strings.HasSuffix(name, logSuffix) || strings.HasPrefix(name, manifestPrefix) || isMarker(name)
}

func isMarker(name string) bool { return strings.HasPrefix(name, markerPrefix) }

// last returns the newest of some files; "" for none.
func last(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// logNumber returns the number that the frames of a log have; 0 for the name of
// another file.
func logNumber(name string) uint32 {
	number, isLog := strings.CutSuffix(name, logSuffix)
	n, err := strconv.ParseUint(number, 10, 64)
	if !isLog || err != nil {
		return 0
	}
	return uint32(n)
}
