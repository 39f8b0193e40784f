//go:build !chaos

package wasm

// mutant reports whether a fault is built in to show that tests of recovery find it. There is none in a product.
func mutant(string) bool { return false }
