package process

import "syscall"

// attributes make the system kill the process when the thread ends that has started it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
