package onstream

import "unsafe"

//go:wasmexport onstream_abi_v1
func exportMarker() {}

//go:wasmexport onstream_alloc
func exportAlloc(n uint32) unsafe.Pointer { return input.room(int(n)) }

//go:wasmexport onstream_open
func exportOpen(ptr unsafe.Pointer, n uint32) int32 { return open(ptr, n) }

//go:wasmexport onstream_configure
func exportConfigure(ptr unsafe.Pointer, n uint32) int32 { return configure(ptr, n) }

//go:wasmexport onstream_process
func exportProcess(ptr unsafe.Pointer, n uint32) int64 { return process(ptr, n) }
