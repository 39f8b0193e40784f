//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package main

import (
	"fmt"
	"syscall"
	"time"
)

// usage returns the CPU time that the process has spent so far, all threads, and that of those
// it started which have ended, in user mode and in the system.
func usage() (user, system time.Duration, err error) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0, 0, fmt.Errorf("getrusage: %w", err)
		}
		user += time.Duration(u.Utime.Nano())
		system += time.Duration(u.Stime.Nano())
	}
	return user, system, nil
}
