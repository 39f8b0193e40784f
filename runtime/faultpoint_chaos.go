//go:build chaos

package runtime

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// passed counts how often the chosen place was passed. It outlives an engine,
// as what it is for ends the process.
var passed atomic.Int64

// faultpoint kills the process at the place, and at the passing of it, that
// ONSTREAM_FAULT names: "after_commit:3". It takes its time at the place that
// ONSTREAM_DELAY names: "before_commit:20ms". It stays at a place of which there is
// a file in the folder that ONSTREAM_HOLD names.
func faultpoint(name string) {
	stay(name)
	if place, delay, _ := strings.Cut(os.Getenv("ONSTREAM_DELAY"), ":"); place == name {
		if d, err := time.ParseDuration(delay); err == nil {
			time.Sleep(d)
		}
	}
	place, count, _ := strings.Cut(os.Getenv("ONSTREAM_FAULT"), ":")
	if place != name {
		return
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		n = 1
	}
	if passed.Add(1) == n {
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill() // should that fail, the test finds no fault
		}
		select {}
	}
}

// stay stands still where it finds a file of the place, which it renames to NAME.held,
// until that is gone. Whoever makes the file knows then where the process is.
func stay(name string) {
	folder := os.Getenv("ONSTREAM_HOLD")
	if folder == "" {
		return
	}
	held := filepath.Join(folder, name+".held")
	if os.Rename(filepath.Join(folder, name), held) != nil {
		return
	}
	for {
		if _, err := os.Stat(held); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// mutant reports whether ONSTREAM_MUTANT names a fault that is built in to
// show that tests of recovery find it.
func mutant(name string) bool { return os.Getenv("ONSTREAM_MUTANT") == name }
