package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// runWatched runs a command to its end and returns the most memory that it was
// seen to hold, in bytes. What the system tells of a process that has ended
// includes what the one that started it held, so it is asked while it runs.
func runWatched(cmd *exec.Cmd) (peak int64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			peak = max(peak, held(cmd.Process.Pid))
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	err = cmd.Wait()
	close(ended)
	watch.Wait()
	return peak, err
}

// held returns the memory that a process holds, 0 where that is not known any
// more. What the system keeps in memory of the program's file does not count: it
// depends on who else runs it.
func held(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("RssAnon:"))
	text, _, _ := bytes.Cut(rest, []byte("kB"))
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
