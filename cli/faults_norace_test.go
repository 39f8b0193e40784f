//go:build !race

package cli

// share is the part of the records, keys and reloads that the tests of faults
// take: one in so many.
const share = 1
