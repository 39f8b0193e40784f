//go:build unix

package process

import (
	"errors"
	"os/exec"
	"syscall"
)

func isNoProgram(err error) bool { return errors.Is(err, syscall.ENOEXEC) }

// prepare gives the process a group of its own, which has its children, too.
func prepare(cmd *exec.Cmd) {
	attr := attributes()
	attr.Setpgid = true
	cmd.SysProcAttr = attr
}

// terminate asks the processes of the group to end.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) } // who is gone needs nothing

// kill ends the processes of the group.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // who is gone needs nothing
