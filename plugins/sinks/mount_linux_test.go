package sinks_test

import "syscall"

// mountSmall puts a file system of 32 KiB at dir; it needs privileges.
func mountSmall(dir string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32k")
}

func unmount(dir string) error { return syscall.Unmount(dir, 0) }
