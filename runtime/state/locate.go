package state

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

var (
	// The way in which Pebble writes of records of logs, of tables whose size is
	// not the one that is listed, and of those that it does not find.
	recordAt  = regexp.MustCompile(`\(([^ ()]+): \d+\)`)
	sizeOf    = regexp.MustCompile(`object size mismatch \(([^()]+)\): (\d+) \(disk\)`)
	tableGone = regexp.MustCompile(`L\d+: (\d+): `)
)

// locate finds out where the damage is that an error of the database tells of:
// Pebble does not always say in which file, and seldom where. What it says comes
// first, but for what a MANIFEST lacks of its end.
func (s *Store) locate(err error) error {
	var d *damage
	if errors.As(err, &d) {
		return d
	}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		return s.locateIn(s.fs.PathBase(info.Path), err)
	}
	files, listed := s.listFiles()
	if listed != nil {
		return &damage{offset: -1, why: err}
	}
	if d := s.inspectMarkers(files); d != nil {
		return d
	}
	if d, _ := s.inspectFile(files.manifest); d != nil {
		return d.because(err)
	}
	if name := namedIn(err); name != "" {
		return s.locateIn(s.fs.PathBase(name), err)
	}
	if cut := sizeOf.FindStringSubmatch(err.Error()); cut != nil {
		size, _ := strconv.ParseInt(cut[2], 10, 64)
		return &damage{file: cut[1], what: endsTooSoon, offset: size, why: err}
	}
	if gone := tableGone.FindStringSubmatch(err.Error()); gone != nil {
		missing := &damage{file: s.inDatabase(gone[1] + tableSuffix), what: isMissing, offset: -1, why: err}
		return missing.orEnds(s, files.manifest)
	}
	for _, name := range slices.Concat(files.logs, files.options) {
		if d, _ := s.inspectFile(name); d != nil && !d.maybe {
			return d
		}
	}
	var short *behind
	if errors.As(err, &short) {
		return s.locateEnd(files, short)
	}
	return &damage{offset: -1, why: err}
}

// namedIn returns the log that an error is about; "" for none.
func namedIn(err error) string {
	var detail interface{ ErrorDetail() string }
	if !errors.As(err, &detail) {
		return ""
	}
	if at := recordAt.FindStringSubmatch(detail.ErrorDetail()); at != nil {
		return at[1]
	}
	return ""
}

// locateIn is locate for an error that is about a file.
func (s *Store) locateIn(name string, err error) error {
	if d, _ := s.inspectFile(name); d != nil {
		return d
	}
	return &damage{file: s.inDatabase(name), offset: blockOffset(err), why: err}
}

// because adds what a damage was noticed by.
func (d *damage) because(err error) *damage {
	d.why = fmt.Errorf("%w: %w", d.why, err)
	return d
}

// locateEnd looks for the log that lacks commits: the newest one, where the
// newest commits are missing; where others are, one before it, which was closed
// at its end.
func (s *Store) locateEnd(files databaseFiles, short *behind) *damage {
	for _, name := range files.logs {
		if short.inside == (name == last(files.logs)) {
			continue
		}
		x, err := readFrames(s.fs, s.inDatabase(name), logNumber(name))
		switch {
		case err != nil || x.ended && x.bad < 0 && short.inside:
		case x.bad < 0:
			return (&damage{file: s.inDatabase(name), what: endsTooSoon, offset: x.size, why: short}).orEnds(s, files.manifest)
		case x.why == notWritten || x.why == notOfThis:
			return (&damage{file: s.inDatabase(name), what: endsTooSoon, offset: x.bad, why: short}).orEnds(s, files.manifest)
		default:
			return (&damage{file: s.inDatabase(name), offset: x.bad, why: errors.New(x.why)}).because(short)
		}
	}
	return (&damage{file: s.inDatabase("*" + logSuffix), what: isMissing, offset: -1, why: short}).orEnds(s, files.manifest)
}

// orEnds adds that it may be the MANIFEST that ends too early: it would then
// list too little, or what is not there any more.
func (d *damage) orEnds(s *Store, manifest string) *damage {
	if x, err := readFrames(s.fs, s.inDatabase(manifest), 0); manifest != "" && err == nil {
		d.why = fmt.Errorf("or %s %s at offset %d: %w", s.inDatabase(manifest), endsTooSoon, x.size, d.why)
	}
	return d
}
