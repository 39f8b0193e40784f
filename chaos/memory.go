package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// peakMemory returns the most resident memory that a process has had, in bytes;
// 0 where the system does not tell.
func peakMemory(pid int) int64 { return memoryOf(pid, "VmHWM:") }

// residentMemory returns the resident memory that a process has now.
func residentMemory(pid int) int64 { return memoryOf(pid, "VmRSS:") }

func memoryOf(pid int, name string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err != nil {
			return 0
		}
		return kib << 10
	}
	return 0
}
