//go:build !linux

package main

import (
	"errors"
	"runtime"
)

// watchMemory returns a function that returns the peak of the memory that the
// Go runtime has held since.
func watchMemory() func() uint64 {
	return samplePeak(runtimeMemory)
}

// residentMemory returns the resident memory of a process, where that is
// known how.
func residentMemory(int) (uint64, error) {
	return 0, errors.New("the memory of another process cannot be read on " + runtime.GOOS)
}
