//go:build !linux

package main

import (
	"errors"
	"syscall"
)

const signalKill = syscall.SIGKILL

var errNoChildren = errors.New(noChildren())

// noChildren says why children of a process cannot be found.
func noChildren() string { return "children of a process are found on Linux only" }

func childrenOf(int) ([]int, error) { return nil, errNoChildren }

func signalProcess(int, syscall.Signal) error { return errNoChildren }

func isZombie(int) bool { return true }
