//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package main

import (
	"errors"
	"runtime"
	"time"
)

// usage reports that CPU time, which everything here is about, cannot be read.
func usage() (user, system time.Duration, err error) {
	return 0, 0, errors.New("CPU time cannot be measured on " + runtime.GOOS + ": it has no getrusage; run the benchmark on Linux, macOS or a BSD")
}
