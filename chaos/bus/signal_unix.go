//go:build unix

package bus

import "syscall"

// The signals that a server understands: to cut its connections, to stand still, to go on.
const (
	signalCut      = syscall.SIGUSR1
	signalStop     = syscall.SIGSTOP
	signalContinue = syscall.SIGCONT
)
