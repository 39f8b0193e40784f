// Package meter changes WebAssembly modules so that they can be stopped: each
// step of a loop and each call counts, and after so many steps a function of the host is
// called, which may end the call with a panic. Compiled code has nothing of its own at which it
// could be interrupted: a module that spins would hold up a whole process at its next
// collection of garbage.
//
// A global counts down, in two halves. One is decremented where a function begins and where a
// loop begins its next turn, by one and one more for each 64 instructions that there are, and for each 64 bytes that an instruction copies or fills; a short function that
// has neither loops nor calls is left as it is. The other one is what functions that call others may still take of the
// stack, by their parameters, locals and operands: the run-time's own is larger than can be copied unnoticed when it has to grow. What a module does
// is not changed by that, but for how long it takes and how deep it may recurse.
package meter

import (
	"fmt"

	"github.com/onstream/onstream/wasm/binary"
)

// Config says how a module is changed.
type Config struct {
	// Module and Name are those of the imported function (i32) -> () that is called with
	// [Steps] after each Steps steps, and with [Deep] when calls are nested too deeply; then it must not return.
	Module, Name string
	Steps        int32
	// Stack is how many values, of 8 bytes, the functions may have that are being called at a time. A compiler that keeps
	// few of them in registers may take four times as much.
	Stack int32
	// Pages is how many pages of 64 KiB the module's memory has at most.
	Pages uint32
	// Entries is how many entries its table has at most.
	Entries uint32
	// Bounds are those of each function.
	Bounds
}

// What the host is called for.
const (
	Steps = 0
	Deep  = 1
)

// A TooLargeError says that a module begins with more memory than it may have.
type TooLargeError struct{ Min, Max uint32 } // pages

// Error implements error.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it begins with %s of memory, and may have %s", mib(e.Min), mib(e.Max))
}

func mib(pages uint32) string { return fmt.Sprintf("%.1f MiB", float64(pages)/16) }

// Rewrite returns the module as it is to be compiled. Its functions have other
// indices, its custom sections are left out but for the names of functions, and
// its memory and table have limits. It fails on instructions that it does not know.
func Rewrite(m *binary.Module, c Config) ([]byte, error) {
	w := &rewriter{m: m, config: c, imported: uint32(m.Imported(binary.Func))}
	w.left = uint32(m.Imported(binary.Global) + m.Globals)
	w.refill = w.imported + 1 + uint32(len(m.Functions))
	w.types = uint32(len(m.Types))
	return w.module()
}

// rewriter writes a module anew. Behind the imported functions there is one more,
// so that all others move up by one.
type rewriter struct {
	m        *binary.Module
	config   Config
	imported uint32            // functions, without the one that is added
	left     uint32            // the index of the global with what is left
	refill   uint32            // the index of the function that fills it up; behind it is the one that charges
	types    uint32            // the index of the first type that is added
	blocks   []binary.FuncType // those of them that are of blocks
	out      []byte
}

// moved returns the new index of a function.
func (w *rewriter) moved(index uint32) uint32 {
	if index < w.imported {
		return index
	}
	return index + 1
}
