// Package snapshots is for behaviours that keep something in their own memory, such as a cache. Importing it has the module
// export what is called when onstream stores what there is.
package snapshots

import (
	"unsafe"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

var (
	save    func() []byte
	restore func(saved []byte) error
	saved   []byte // while the host reads it
)

// Register says how what the behaviour keeps becomes bytes, and is made of them. Restoring may happen several times, where what were several
// instances is one now: then the behaviour adds up. It is called once, as the value of a variable.
func Register(saving func() []byte, restoring func(saved []byte) error) struct{} {
	save, restore = saving, restoring
	return struct{}{}
}

func snapshot() int64 {
	saved = save()
	if len(saved) == 0 {
		return 0
	}
	return int64(uintptr(unsafe.Pointer(&saved[0])))<<32 | int64(len(saved))
}

func restoreFrom(ptr unsafe.Pointer, n uint32) int32 {
	return onstream.Status(restore(onstream.Input(ptr, n)))
}
