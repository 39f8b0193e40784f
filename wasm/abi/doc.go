// Package abi has the constants and the frames of onstream_v1, the interface between onstream and
// WebAssembly behaviours, which wasm/sdk/ABI.md describes byte by byte.
//
// What the host writes is written straight into the memory of the guest, whose view a writer is given.
// What it reads is a view as well: each Parse function checks every offset and every length in it before it
// returns, in 64 bits, so that what is read afterwards is inside.
package abi
