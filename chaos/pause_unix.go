//go:build unix

package main

import "syscall"

// The signals that stop a process and let it go on.
const (
	signalStop     = syscall.SIGSTOP
	signalContinue = syscall.SIGCONT
)
