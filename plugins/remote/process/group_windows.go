package process

import (
	"errors"
	"os/exec"
	"syscall"
)

func isNoProgram(err error) bool { return errors.Is(err, syscall.Errno(193)) } // ERROR_BAD_EXE_FORMAT

func prepare(*exec.Cmd) {}

// terminate ends the process: there is no way to ask it.
func terminate(cmd *exec.Cmd) { kill(cmd) }

// kill ends the process.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // who is gone needs nothing
