package plugins

import (
	"errors"
	"fmt"
)

// ConfigError is something wrong with a block's configuration. Path names the
// attribute, "" for the block itself, through nested blocks and labels:
// "output[hot].when". The language turns it into a line.
type ConfigError struct {
	Path string
	Msg  string
}

// Error returns the message with its path.
func (e *ConfigError) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// ConfigErrorf makes a ConfigError.
func ConfigErrorf(path, format string, args ...any) error {
	return &ConfigError{Path: path, Msg: fmt.Sprintf(format, args...)}
}

// Failure says why a row failed.
type Failure struct {
	Row  uint32
	Code string // short and stable, such as "decode" or "overflow"
	Msg  string
	// Expr is where the expression that failed stands, "" where it was not one.
	Expr string
	// Stage is the address of the stage that failed it; set by the engine.
	Stage string
}

type permanent struct{ err error }

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }

// Permanent marks an error that trying again cannot mend.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether err is marked so.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// RowErrors are the failures of some rows of a batch that a sink has
// otherwise written.
type RowErrors []Failure

// Error tells how many rows failed, and why the first one did.
func (r RowErrors) Error() string {
	if len(r) == 0 {
		return "no record failed"
	}
	return fmt.Sprintf("%d records failed, the first: %s", len(r), r[0].Msg)
}

// PartialError is an error of a sink that has done with the first records of
// a batch. The engine finishes those, and takes them out of the batch before
// it does with the others what Err asks for: they are written again, or fail.
type PartialError struct {
	Done   int       // how many of Sel, from the front
	Failed RowErrors // of those; the others are durable
	Err    error     // of the rest, temporary or [Permanent]
}

// Error returns the message of Err.
func (e *PartialError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *PartialError) Unwrap() error { return e.Err }
