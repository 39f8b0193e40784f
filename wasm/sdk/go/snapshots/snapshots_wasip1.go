package snapshots

import "unsafe"

//go:wasmexport onstream_snapshot
func exportSnapshot() int64 { return snapshot() }

//go:wasmexport onstream_restore
func exportRestore(ptr unsafe.Pointer, n uint32) int32 { return restoreFrom(ptr, n) }
