//go:build unix

package sinks

import "syscall"

// nonblock makes opening a named pipe fail, and not wait, while nobody reads
// it.
const nonblock = syscall.O_NONBLOCK
