package trial

import (
	"errors"
	"fmt"
)

// RowError says that a row cannot be a record of its source.
type RowError struct {
	Step int
	Row  int // in the step, from 0
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row+1, e.Err) }

func (e *RowError) Unwrap() error { return e.Err }

// ofStep notes of which step a row is, if err is about one.
func ofStep(err error, step int) error {
	if e, ok := errors.AsType[*RowError](err); ok {
		e.Step = step
	}
	return err
}
