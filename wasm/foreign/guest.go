package foreign

import (
	"reflect"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// Rows are the records that a guest is given. What they return is valid until the guest has returned.
type Rows interface {
	Len() int
	Key(i int) (key []byte, ok bool)
	Value(i int) []byte
	Headers(i int) []abi.Pair
	// Time is in µs since 1970, [abi.NoTime] where it is not known.
	Time(i int) int64
	// Offset is the number that the source gave the record, 0 where there is none.
	Offset(i int) int64
}

// A Guest is an instance of a module that was written for another host. It is used by one goroutine at a time.
type Guest interface {
	// Give gives rows to the guest and writes what becomes of them. It returns how many of them, from the first on,
	// that has: fewer than all where out has become long. With an error, which is a [*host.Fault] unless the
	// host is to blame, the row behind them is the one, if the interface gives one row at a time; the guest is
	// discarded then.
	Give(c host.Call, rows Rows, out *abi.OutputWriter) (n int, err error)
	// Discard frees the guest.
	Discard()
}

// Config is what a guest is made with.
type Config struct {
	Module          *host.Module
	Log             *host.Log
	Now             int64 // µs since 1970
	Pipeline, Stage string
	Function        string   // to call, one of its Functions
	Args            []string // of a program
	Settings        []Setting
	Ports           []string // outputs besides the one without a name
}

// Setting is a value that the stage gives to the module, as a text.
type Setting struct{ Name, Value string }

// FrameSize is how long a frame becomes before it is looked at.
const FrameSize = 4 << 20

// keptSize is how long a buffer may be that is kept from call to call: longer than those of a frame.
const keptSize = 4 * FrameSize

// Reuse empties a buffer for the next call. One that has become much longer than frames are is left to the collector of
// garbage: that a guest has written much once is no reason to keep the room for it.
func Reuse[T any](buf []T) []T {
	if uint64(cap(buf))*uint64(reflect.TypeFor[T]().Size()) > keptSize {
		return nil
	}
	return buf[:0]
}
