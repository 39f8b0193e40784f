package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const signalKill = syscall.SIGKILL

// noChildren says why children of a process cannot be found, "" if they can.
func noChildren() string {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		return "there is no /proc"
	}
	return ""
}

// childrenOf returns the processes that a process has started.
func childrenOf(pid int) ([]int, error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	var all []int
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return nil, fmt.Errorf("find children: %w", err)
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return nil, fmt.Errorf("find children: %w", err)
			}
			all = append(all, child)
		}
	}
	return all, nil
}

// signalProcess sends a signal, 0 for none, to a process that may have ended.
func signalProcess(pid int, s syscall.Signal) error {
	err := syscall.Kill(pid, s)
	if s != 0 && errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// isZombie reports whether a process has ended and nobody has asked how.
func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(text, []byte(") Z "))
}
