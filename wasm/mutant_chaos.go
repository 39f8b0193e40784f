//go:build chaos

package wasm

import "os"

// mutant reports whether ONSTREAM_MUTANT names a fault that is built in to show that tests of recovery find it.
func mutant(name string) bool { return os.Getenv("ONSTREAM_MUTANT") == name }
