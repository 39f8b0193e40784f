// Package wasm makes WebAssembly modules transforms: the kind "wasm", whose stages name a module of the interface
// onstream_v1 (sdk/ABI.md), or one that was written for another host (package foreign).
//
// A stage loads its module once and has an instance for each task. It gives it batches as frames and passes on what
// the module returns; [host] sees to it that the module stays within its limits. A call that fails has no
// effect: its batch is divided until the record that is to blame stands alone, which fails. A module that fails all
// the time is not called for a while.
package wasm
