package state

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// damage is an error of what is stored, as opposed to one of the system.
type damage struct {
	file   string // in the folder of the pipeline; "" where it is not known
	offset string // "" where it is not known
	why    error
}

func (d *damage) Error() string {
	what := "the files do not fit together"
	if d.file != "" {
		what = d.file + " is corrupt"
		if d.offset != "" {
			what += " at offset " + d.offset
		}
	}
	// Where several files are concerned, there is a line for each.
	why, _, _ := strings.Cut(d.why.Error(), "\n")
	return fmt.Sprintf("%s (%s)", what, why)
}

func (d *damage) Unwrap() error { return d.why }

// explain makes an error for people of one of the database: it names the
// folder and the way out.
func (s *Store) explain(err error) error {
	if err == nil || s.path == "" {
		return err
	}
	var newer *newerFormat
	var errno syscall.Errno
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case errors.As(err, &newer) || errors.Is(err, errGone):
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("checkpoint store %s: %w; let this user read and write the folder, or give another --state", s.path, err)
	case (errors.As(err, &errno) || isPathError(err)) && !missing:
	default:
		return fmt.Errorf("checkpoint store %s: %w; restore the folder from a backup, or start over without it: onstream state reset --all %s", s.path, s.locate(err), s.path)
	}
	return fmt.Errorf("checkpoint store %s: %w", s.path, limited(err))
}

func isPathError(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p)
}

func inDatabase(name string) string { return databaseName + "/" + name }

var (
	// The way in which Pebble writes of blocks of tables and of records of logs.
	blockAt  = regexp.MustCompile(`block (\d+)/\d+`)
	recordAt = regexp.MustCompile(`\(([^ ()]+): (\d+)\)`)
)

// locate finds out where the damage is.
func (s *Store) locate(err error) error {
	var d *damage
	if errors.As(err, &d) {
		return d
	}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		d = &damage{file: inDatabase(filepath.Base(info.Path)), why: info.Details}
		if at := blockAt.FindStringSubmatch(info.Details.Error()); at != nil {
			d.offset = at[1]
		}
		return d
	}
	var detail interface{ ErrorDetail() string }
	if errors.As(err, &detail) {
		if at := recordAt.FindStringSubmatch(detail.ErrorDetail()); at != nil {
			return &damage{file: inDatabase(at[1]), offset: at[2], why: err}
		}
	}
	return &damage{why: err}
}
