// Package timers is for behaviours that set timers: calls at a time, for a key. Importing it has the module export what is called
// when a timer is due.
package timers

import (
	"unsafe"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

// Clock is what a timer goes by.
type Clock uint32

// The clocks.
const (
	Event Clock = iota // event time, of a stage that has it
	Wall               // the clock of the pipeline
)

// Set sets the timer of an id for the key of a row: it is due at a time in µs. One of the same clock, id and key moves.
func Set(row int, clock Clock, id, us int64) { hostSet(uint32(row), uint32(clock), id, us) }

// Clear takes a timer back, and reports whether there was one.
func Clear(row int, clock Clock, id int64) bool {
	return hostClear(uint32(row), uint32(clock), id) == 0
}

var ring func(in *Due, out *onstream.Output) error

// Register says what is called with timers that are due. What it gives out is of no row, but the state of the row of a timer is that
// of its key. It is called once, as the value of a variable.
func Register(call func(in *Due, out *onstream.Output) error) struct{} {
	ring = call
	return struct{}{}
}

// timer is a timer in a frame.
type timer struct {
	time      int64
	id        int64
	key, size uint32
	clock     uint32
	_         uint32
}

// Due are the timers of a call, the earliest first. They are not set any more.
type Due struct {
	frame  []byte
	timers []timer
}

var due Due

// Len returns how many rows there are.
func (d *Due) Len() int { return len(d.timers) }

// Time returns when the timer was due, in µs.
func (d *Due) Time(row int) int64 { return d.timers[row].time }

// ID returns the id of the timer.
func (d *Due) ID(row int) int64 { return d.timers[row].id }

// Clock returns what the timer goes by.
func (d *Due) Clock(row int) Clock { return Clock(d.timers[row].clock) }

// kindString is the kind of a key that is a string.
const kindString = 5

// Key returns the key whose timer it is, where that is a string: its bytes, else in the form in which onstream stores it: a
// byte for its kind, and 8 of a number.
func (d *Due) Key(row int) []byte {
	t := &d.timers[row]
	key := d.frame[t.key : t.key+t.size : t.key+t.size]
	if len(key) > 0 && key[0] == kindString {
		return key[1:]
	}
	return key
}

// Offsets in the header of a frame.
const (
	atDescriptors = 16
	atCount       = 20
)

func onTimer(ptr unsafe.Pointer, n uint32) int64 {
	due.frame = onstream.Input(ptr, n)
	due.timers = unsafe.Slice((*timer)(unsafe.Pointer(&due.frame[number(atDescriptors)])), number(atCount))
	return onstream.Answer(0, ringAll)
}

func number(at int) uint32 { return *(*uint32)(unsafe.Pointer(&due.frame[at])) }

func ringAll(out *onstream.Output) error { return ring(&due, out) }
