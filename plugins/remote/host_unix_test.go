//go:build unix

package remote_test

import (
	"syscall"
	"testing"
	"time"
)

// runs reports whether a process is there.
func runs(pid int) bool { return syscall.Kill(pid, 0) == nil }

// cpu returns the time that this process and those it has waited for have used.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	sum := time.Duration(0)
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			tb.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
