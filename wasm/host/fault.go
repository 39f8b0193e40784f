package host

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"
)

// The codes of faults.
const (
	Trap    = "trap"         // the guest did what it may not, or gave up
	Timeout = "timeout"      // it took too long
	Limit   = "limit"        // it asked for too much of something
	Frame   = "frame"        // what it returned cannot be read
	Failed  = "module_error" // it returned an error
)

// A Fault is what went wrong in a guest: it is about the records of the call, not about the host.
type Fault struct {
	Code string
	Msg  string
	// Alive says that the instance can go on: it has returned, with an error.
	Alive bool
}

// Error implements error.
func (f *Fault) Error() string { return f.Msg }

// Faultf makes a fault after which the instance is of no use.
func Faultf(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// fault says why a call of the guest did not return.
func (i *Instance) fault(err error) error {
	if i.stop != nil {
		return i.stop
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return Faultf(Trap, "the module has ended itself with the code %d", exit.ExitCode())
	}
	// Of the trace of the stack the first functions tell enough.
	text, trace, _ := strings.Cut(err.Error(), "\nwasm stack trace:\n")
	text = strings.TrimPrefix(strings.TrimSuffix(text, " (recovered by wazero)"), "wasm error: ")
	if text == "stack overflow" {
		return Faultf(Limit, "the module calls itself too deeply")
	}
	if said := i.said(); said != "" {
		text += ": " + said
	}
	return Faultf(Trap, "the module trapped: %s%s", text, frames(trace))
}

// maxFrames is how many functions of a trace are told.
const maxFrames = 3

func frames(trace string) string {
	var names []string
	for line := range strings.Lines(trace) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "(")
		if name = strings.TrimPrefix(name, "."); name != "" && len(names) < maxFrames {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (in " + strings.Join(names, ", called by ") + ")"
}
