package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// watchMemory returns a function that returns the peak of the process's
// resident memory since. The kernel keeps it exactly where it lets the
// process reset it; elsewhere the Go runtime's memory is sampled.
func watchMemory() func() uint64 {
	// 5 resets the peak (proc_pid_clear_refs(5)).
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return samplePeak(runtimeMemory)
	}
	return func() uint64 {
		peak, err := statusBytes("self", "VmHWM")
		if err != nil {
			return 0
		}
		return peak
	}
}

// residentMemory returns the resident memory of a process.
func residentMemory(pid int) (uint64, error) {
	return statusBytes(strconv.Itoa(pid), "VmRSS")
}

// statusBytes reads a size from /proc/PID/status.
func statusBytes(pid, key string) (uint64, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read %s: %w", key, err)
			}
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("read memory: process %s has no %s", pid, key)
}
