package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/onstream/onstream/runtime/state"
)

// A real disk fills up while commits are made, and is emptied again: all of
// them are there.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	all := models(400)
	s, err := state.Open(dir, "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	full := 0
	for n := int64(1); n <= 400; n++ {
		if n%100 == 50 {
			fill(t, ballast)
		}
		err := write(s, n, true)
		if errors.Is(err, state.ErrFull) {
			full++
			holds(t, s, all)
			if again := write(s, n, true); !errors.Is(again, state.ErrFull) {
				t.Fatalf("the disk is still full, and: %v", again)
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			// On a busy machine the files of what was given up are still there
			// for a moment.
			for errors.Is(err, state.ErrFull) {
				err = write(s, n, true)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		holds(t, s, all)
	}
	t.Logf("the disk was full %d times", full)
	if full == 0 {
		t.Fatal("the disk was never full")
	}
	closeStore(t, s)
	if s, err = state.Open(dir, "p", state.Options{}); err != nil {
		t.Fatal(err)
	}
	if s.Last().Number != 400 {
		t.Fatalf("commit %d is the last", s.Last().Number)
	}
	holds(t, s, all)
	closeStore(t, s)
}

// fill writes a file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
