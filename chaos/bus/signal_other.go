//go:build !unix

package bus

import "syscall"

// There are no such signals here, and sending them fails. The last one comes never.
const (
	signalCut      = syscall.Signal(0x7f)
	signalStop     = syscall.Signal(-1)
	signalContinue = syscall.Signal(-1)
)
