//go:build !chaos

package runtime

// faultpoint marks a place at which tests of recovery kill the process. It does
// nothing in a product.
func faultpoint(string) {}

// mutant reports whether a fault is built in to show that tests of recovery
// find it. There is none in a product.
func mutant(string) bool { return false }
