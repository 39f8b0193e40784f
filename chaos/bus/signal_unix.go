//go:build unix

package bus

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// The signals that a server understands: to cut its connections, to stand still, to go on.
const (
	signalCut      = syscall.SIGUSR1
	signalStop     = syscall.SIGSTOP
	signalContinue = syscall.SIGCONT
)

// asGroup makes a server, and all that it starts, a group of processes.
func asGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to a server and all that it has started, as far as they have not ended.
func signalGroup(server *os.Process, s syscall.Signal) error {
	if err := syscall.Kill(-server.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
