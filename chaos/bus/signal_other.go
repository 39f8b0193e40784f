//go:build !unix

package bus

import (
	"os"
	"os/exec"
	"syscall"
)

// There are no such signals here, and sending them fails. The last one comes never.
const (
	signalCut      = syscall.Signal(0x7f)
	signalStop     = syscall.Signal(-1)
	signalContinue = syscall.Signal(-1)
)

// asGroup would make a server and all that it starts a group of processes: there are none here.
func asGroup(*exec.Cmd) {}

func signalGroup(server *os.Process, s syscall.Signal) error { return server.Signal(s) }
