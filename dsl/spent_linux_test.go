package dsl_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// spent returns the processor time that the calling thread has had.
func spent() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
