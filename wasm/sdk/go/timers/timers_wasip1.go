package timers

import "unsafe"

//go:wasmexport onstream_on_timer
func exportOnTimer(ptr unsafe.Pointer, n uint32) int64 { return onTimer(ptr, n) }

//go:noescape
//go:wasmimport onstream_v1 timer_set
func hostSet(row, clock uint32, id, us int64) int32

//go:noescape
//go:wasmimport onstream_v1 timer_clear
func hostClear(row, clock uint32, id int64) int32
