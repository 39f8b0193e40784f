package main

import (
	"os"
	"syscall"
)

// peakMemory is the most that a process has held, in bytes.
func peakMemory(s *os.ProcessState) int64 {
	return int64(s.SysUsage().(*syscall.Rusage).Maxrss) << 10 //nolint:unconvert // it has 32 bits on 32-bit systems
}
