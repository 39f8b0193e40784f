package state

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// damage is an error of what is stored, as opposed to one of the system.
type damage struct {
	file   string // its path; "" where it is not known
	what   string // is wrong with it; "" for corrupt
	offset int64  // where that begins; negative where it is not known
	// maybe is for an end that may never have been written.
	maybe bool
	why   error
}

const (
	isMissing   = "is missing"
	endsTooSoon = "ends too early"
)

func (d *damage) Error() string {
	what := "the files do not fit together"
	if d.file != "" {
		what = d.file + " " + d.what
		if d.what == "" {
			what += "is corrupt"
		}
		if d.offset >= 0 {
			what += fmt.Sprintf(" at offset %d", d.offset)
		}
	}
	// Where several files are concerned, there is a line for each.
	why, _, _ := strings.Cut(d.why.Error(), "\n")
	return fmt.Sprintf("%s (%s)", what, why)
}

func (d *damage) Unwrap() error { return d.why }

// behind is an error of a store that lacks commits, although nothing in it may
// be wrong but where a file ends.
type behind struct {
	inside bool // there are later ones
	why    error
}

func (b *behind) Error() string { return b.why.Error() }
func (b *behind) Unwrap() error { return b.why }

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
