package cli

// The exit codes.
const (
	exitSuccess = 0
	exitFailed  = 1 // the pipeline or its test failed
	exitInvalid = 2 // wrong usage, or files that are not valid
)

// exitError ends the program with a code. Its error is nil where everything
// has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "failed"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// failed says that what was to be done did not work.
func failed(err error) error { return &exitError{exitFailed, err} }

// invalid says that what was asked for, or the files, are wrong.
func invalid(err error) error { return &exitError{exitInvalid, err} }
