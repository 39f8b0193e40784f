package state

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func (s *Store) inDatabase(name string) string { return s.fs.PathJoin(s.dir, name) }

// inspect looks at what Pebble would go on without: the markers, and what is
// behind a part of the MANIFEST or of the newest log that does not check.
func (s *Store) inspect() error {
	files, err := s.listFiles()
	if err != nil {
		return err
	}
	if d := s.inspectMarkers(files); d != nil {
		return d
	}
	for _, name := range []string{files.manifest, last(files.logs)} {
		if name == "" {
			continue
		}
		d, err := s.inspectFrames(name)
		if err != nil {
			return err
		}
		if d != nil && !d.maybe {
			return d
		}
	}
	return nil
}

var errListed = errors.New("the files beside it belong to it")

// inspectMarkers looks for the files without which Pebble begins a new database
// and removes the rest.
func (s *Store) inspectMarkers(files databaseFiles) *damage {
	switch isOld := s.mark.epoch > 0 || len(files.tables) > 0; {
	case files.manifest == "" && isOld:
		return &damage{file: s.inDatabase(manifestMarker + "*"), what: isMissing, offset: -1, why: errListed}
	case files.manifest != "" && !files.names[files.manifest]:
		return &damage{file: s.inDatabase(files.manifest), what: isMissing, offset: -1, why: errListed}
	case !files.isMarked && isOld:
		return &damage{file: s.inDatabase(formatMarker + "*"), what: isMissing, offset: -1, why: errListed}
	}
	return nil
}

// inspectFile looks at one file of any kind.
func (s *Store) inspectFile(name string) (*damage, error) {
	switch {
	case strings.HasPrefix(name, manifestPrefix) || strings.HasSuffix(name, logSuffix):
		return s.inspectFrames(name)
	case strings.HasPrefix(name, optionsPrefix):
		return s.inspectOptions(name)
	case strings.HasSuffix(name, tableSuffix):
		return s.inspectTable(name)
	}
	return nil, nil
}

func (s *Store) inspectFrames(name string) (*damage, error) {
	x, err := readFrames(s.fs, s.inDatabase(name), logNumber(name))
	switch {
	case err != nil:
		return nil, err
	case x.size == 0 && x.log == 0: // a MANIFEST has its beginning before it counts
		return &damage{file: s.inDatabase(name), what: endsTooSoon, why: errors.New("it is empty")}, nil
	case x.bad < 0:
		return nil, nil
	}
	return &damage{file: s.inDatabase(name), offset: x.bad, maybe: !x.proven, why: errors.New(x.why)}, nil
}

// inspectOptions looks at the lines of which Pebble makes something. They have
// no checksum.
func (s *Store) inspectOptions(name string) (*damage, error) {
	text, err := readFile(s.fs, s.inDatabase(name))
	if err != nil {
		return nil, err
	}
	o := s.tuning()
	o.EnsureDefaults()
	want := map[string]string{"comparer": o.Comparer.Name, "merger": o.Merger.Name, "wal_dir": ""}
	offset := int64(0)
	for line := range strings.Lines(string(text)) {
		at := offset
		offset += int64(len(line))
		line = strings.TrimSpace(line)
		key, value, isPair := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		var why error
		switch expected, isKnown := want[key]; {
		case line == "" || line[0] == ';' || line[0] == '#' || line[0] == '[' && line[len(line)-1] == ']':
		case !isPair:
			why = fmt.Errorf("the line %q has no value", line)
		case isKnown && value != expected:
			why = fmt.Errorf("%s is %q", key, value)
		}
		if why != nil {
			return &damage{file: s.inDatabase(name), offset: at, why: why}, nil
		}
	}
	return nil, nil
}

// inspectTable looks at all blocks of a table.
func (s *Store) inspectTable(name string) (*damage, error) {
	f, err := s.fs.Open(s.inDatabase(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := s.readTable(&tableFile{f, s.inDatabase(name)}); err != nil {
		var d *damage
		if errors.As(err, &d) {
			return d, nil
		}
		why := strings.TrimPrefix(err.Error(), "pebble: file 000000: ") // it is not told its number
		d = &damage{file: s.inDatabase(name), offset: blockOffset(err), why: errors.New(why)}
		if d.offset < 0 { // what the others are found by
			d.offset = max(info.Size()-int64(sstable.TableFormatMax.FooterSize()), 0)
		}
		return d, nil
	}
	return nil, nil
}

func (s *Store) readTable(f vfs.File) (err error) {
	in, err := sstable.NewSimpleReadable(notClosed{f})
	if err != nil {
		return err
	}
	o := s.tuning()
	o.EnsureDefaults()
	defer func() {
		if r := recover(); r != nil { // at properties that make no sense
			err = fmt.Errorf("%v", r)
		}
	}()
	r, err := sstable.NewReader(context.Background(), in, o.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, in.Close())
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}

// notClosed leaves closing to who has opened.
type notClosed struct{ vfs.File }

func (notClosed) Close() error { return nil }

// blockAt is the way in which Pebble writes of a block.
var blockAt = regexp.MustCompile(`block (\d+)/\d+`)

// blockOffset returns where the block begins that an error tells of; -1 for
// none.
func blockOffset(err error) int64 {
	found := blockAt.FindStringSubmatch(err.Error())
	if found == nil {
		return -1
	}
	at, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return -1
	}
	return at
}
