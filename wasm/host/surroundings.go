package host

import (
	"bytes"
	"context"
	"errors"
	"log/slog"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
)

// Surroundings are what a guest finds that was written for another host.
type Surroundings struct {
	Log *Log
	Now int64 // µs since 1970
	// Owner is what [Instance.Owner] returns, for the functions of its interface.
	Owner any
	// Args and Env are its arguments and environment, each a NAME=VALUE; without a byte zero.
	Args, Env []string
	// Stdin fills a buffer with its standard input and returns how much there is, 0 at the end; nil where it has none.
	Stdin func(buf []byte) int
	// Stdout is given what it writes to its standard output; nil for the log.
	Stdout func(text []byte)
}

// Start makes an instance of a module that was written for another host, and calls nothing of it. What follows up
// to the first Begin is limited as its start.
func (m *Module) Start(s Surroundings) (*Instance, error) {
	i := &Instance{module: m, limits: m.config.Limits, surroundings: s, log: s.Log}
	i.ctx = &guestContext{Context: context.Background(), instance: i}
	i.Begin(Call{Now: s.Now, Watermark: abi.NoTime})
	i.allowed, i.limit = i.limits.Start, "limits.start"
	return i, i.make()
}

// Again makes the guest anew, with nothing in its memory. It is a part of the call.
func (i *Instance) Again() error {
	i.cleanup.Stop()
	i.Discard()
	i.waited, i.asked = 0, 0
	return i.make()
}

// Owner is whose instance it is.
func (i *Instance) Owner() any { return i.surroundings.Owner }

// Limits are those of the instance.
func (i *Instance) Limits() Limits { return i.limits }

// Function returns an exported function, nil where there is none.
func (i *Instance) Function(name string) api.Function { return i.guest.ExportedFunction(name) }

// errEnded is how a program ends itself.
var errEnded = errors.New("the program has ended")

// Call calls a function with up to two parameters, and returns its result if it has one. An error is a [*Fault], unless the host is to
// blame. A program that ends itself without an error has returned.
func (i *Instance) Call(f api.Function, params ...uint64) (uint64, error) {
	i.stack[0] = 0
	copy(i.stack[:], params)
	err := f.CallWithStack(i.ctx, i.stack[:])
	if err != nil && !errors.Is(err, errEnded) {
		return 0, i.fault(err)
	}
	return i.stack[0], nil
}

// Count counts calls of the host, or work that costs as much as so many.
func (i *Instance) Count(n int) { i.count(n) }

// Log writes a line, and LogEnabled reports whether somebody reads it.
func (i *Instance) Log(level slog.Level, text []byte) { i.log.line(i.call.Now, level, text) }

// LogEnabled reports whether somebody reads lines of a level.
func (i *Instance) LogEnabled(level slog.Level) bool {
	return i.log.logger.Enabled(context.Background(), level)
}

// Say notes the message of an error with which the call may end.
func (i *Instance) Say(text []byte) { i.message = bytes.Clone(clip(text)) }

// Said is the message of the error that a function of the guest has returned.
func (i *Instance) Said() string { return i.said() }
