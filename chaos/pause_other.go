//go:build !unix

package main

import "syscall"

// The signals that stop a process and let it go on. There are none here, and
// sending them fails.
const (
	signalStop     = syscall.Signal(-1)
	signalContinue = syscall.Signal(-1)
)
