//go:build unix && !linux

package process

import "syscall"

// attributes are the usual ones: a plugin notices itself that the host is gone, by the end of its standard input.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
