//go:build unix && !solaris && !aix

package nats

import (
	"os"
	"syscall"
)

// lock locks a file until it is closed, also by the end of the process.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
