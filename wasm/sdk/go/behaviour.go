package onstream

import (
	"errors"
	"unsafe"
)

// Behaviour is what a module does. Its manifest says which of Records and Columns is called.
type Behaviour struct {
	// Open is called once, before all else, with the parameters. Metrics are defined in it.
	Open func(s Settings) error
	// Records is given records.
	Records func(in *Records, out *Output) error
	// Columns is given columns of records.
	Columns func(in *Columns, out *Output) error
	// Configure is given new values of parameters that are hot. Without it, another instance is made.
	Configure func(s Settings) error
}

// The module's parts, in globals because the memory is the host's to write to and read from between calls: what nothing
// refers to would be freed.
var (
	behaviour Behaviour
	input     arena
	output    Output
	records   Records
	columns   Columns
)

// Register says what the module does. It is called once, as the value of a variable.
func Register(b Behaviour) struct{} {
	behaviour = b
	return struct{}{}
}

// arena is memory for what the host gives.
type arena struct {
	memory []byte
	start  int // of what is aligned
}

const alignment = 16

// room returns memory for n bytes, the same again if it is enough.
func (a *arena) room(n int) unsafe.Pointer {
	if a.memory == nil || n+alignment > len(a.memory) {
		a.memory = make([]byte, max(n+n/4, 1<<10)+alignment)
		a.start = int(-uintptr(unsafe.Pointer(&a.memory[0])) % alignment)
	}
	return unsafe.Pointer(&a.memory[a.start])
}

// Input returns what the host has given to an export. It is for packages that add exports.
func Input(ptr unsafe.Pointer, n uint32) []byte { return unsafe.Slice((*byte)(ptr), n) }

// Answer calls a function, and returns what an export returns of what it gave out. It is for packages that add exports.
func Answer(rows int, call func(out *Output) error) int64 {
	output.reset(rows)
	if err := call(&output); err != nil {
		SetError(err)
		return -1
	}
	return result(output.frame())
}

// result is bytes as an export returns them.
func result(b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	return int64(uintptr(unsafe.Pointer(&b[0])))<<32 | int64(len(b))
}

// Status is what an export returns that gives nothing out. It is for packages that add exports.
func Status(err error) int32 {
	if err == nil {
		return 0
	}
	SetError(err)
	return -1
}

func process(ptr unsafe.Pointer, n uint32) int64 {
	frame := Input(ptr, n)
	switch h := headerOf(frame); {
	case h.kind == recordsFrame && behaviour.Records != nil:
		records.parse(frame)
		return Answer(records.Len(), processRecords)
	case h.kind == columnsFrame && behaviour.Columns != nil:
		columns.parse(frame)
		return Answer(columns.Len(), processColumns)
	}
	panic("onstream: the manifest says that the module is given something else than what it takes: look at its mode")
}

func processRecords(out *Output) error { return behaviour.Records(&records, out) }

func processColumns(out *Output) error { return behaviour.Columns(&columns, out) }

func open(ptr unsafe.Pointer, n uint32) int32 {
	if behaviour.Open == nil {
		return 0
	}
	return Status(behaviour.Open(settingsOf(Input(ptr, n))))
}

func configure(ptr unsafe.Pointer, n uint32) int32 {
	if behaviour.Configure == nil {
		return Status(errors.New("the behaviour has no function for new parameters"))
	}
	return Status(behaviour.Configure(settingsOf(Input(ptr, n))))
}
