//go:build race

package cli

// share is the part of the records, keys and reloads that the tests of faults
// take: with the race detector the program is slow and takes more memory.
const share = 20
