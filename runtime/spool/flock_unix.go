//go:build unix && !solaris && !aix

package spool

import (
	"os"
	"syscall"
)

// flock locks a file until it is closed, also by the end of the process.
func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
