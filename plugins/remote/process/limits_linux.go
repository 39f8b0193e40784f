package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CanLimitMemory says whether Config.Memory can be kept here.
const CanLimitMemory = true

// lookEvery is how often the memory of a process that has a limit is looked at.
const lookEvery = 100 * time.Millisecond

// bound sets limits of the system. No core is written: it would have secrets in it. What counts as memory is what the process has in use (its resident
// set), which the system cannot limit: that is looked at. What it may reserve in between is limited generously, since runtimes reserve much more than they use.
func bound(pid int, memory int64) error {
	if err := setLimit(pid, unix.RLIMIT_CORE, 0); err != nil {
		return fmt.Errorf("limit cores: %w", err)
	}
	if memory == 0 {
		return nil
	}
	if err := setLimit(pid, unix.RLIMIT_DATA, uint64(2*memory+1<<30)); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	return nil
}

// setLimit sets a limit of a process; one that has ended already needs none, and is told to have ended.
func setLimit(pid, resource int, value uint64) error {
	err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: value, Max: value}, nil)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// watchMemory calls over when the process uses more than limit, and returns when it does or ended is closed.
func watchMemory(pid int, limit int64, ended <-chan struct{}, over func(used int64)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	file := fmt.Sprintf("/proc/%d/statm", pid)
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if used := resident(file); used > limit {
			over(used)
			return
		}
	}
}

// resident returns the bytes in use according to a statm file; 0 where it cannot be read, as of a process that has just ended.
func resident(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
