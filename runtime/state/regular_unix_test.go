//go:build unix

package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

// A named pipe or a folder in place of a file is told, not waited for.
func TestIrregularFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := state.Open(dir, "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Begin()
	c.Position("source.in", plugins.Partition{Name: "a"}, plugins.Position("1"))
	if err := c.Write(time.Unix(1, 0), true); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, pattern := range []string{"LOCK", "checkpoint/*"} {
		found, err := filepath.Glob(filepath.Join(s.Path(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 4 {
		t.Fatalf("only %v are there", files)
	}
	pipe := func(name string) error { return syscall.Mkfifo(name, 0o600) }
	folder := func(name string) error { return os.Mkdir(name, 0o700) }
	for _, name := range files {
		for _, put := range []func(string) error{pipe, folder} {
			if err := os.Rename(name, name+".aside"); err != nil {
				t.Fatal(err)
			}
			if err := put(name); err != nil {
				t.Fatal(err)
			}
			s, err := state.Open(dir, "p", state.Options{})
			if err == nil {
				t.Errorf("%s is not a file, and the store opens", name)
				err = s.Close()
			}
			if err != nil && !strings.Contains(err.Error(), filepath.Base(name)) {
				t.Errorf("%v does not name %s", err, name)
			}
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(name+".aside", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s, err = state.Open(dir, "p", state.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
