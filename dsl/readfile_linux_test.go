package dsl_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/onstream/onstream/dsl"
)

// TestNotRegularFiles refuses what could be read for ever.
func TestNotRegularFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{fifo, "/dev/zero", dir} {
		link := filepath.Join(t.TempDir(), "main.hcl")
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		_, diags := dsl.Parse(filepath.Dir(link))
		if len(diags) != 1 || !strings.Contains(diags[0].Detail, link+" is not a regular file; put one in its place") {
			t.Errorf("%s: %v", target, diags)
		}
		s := refuse(t, ends+"locals { x = file(\""+target+"\") }\n", dsl.Options{})
		if !strings.Contains(s, target+" is not a regular file") {
			t.Error(s)
		}
	}
	if _, diags := dsl.Parse(fifo); !diags.HasErrors() {
		t.Error("a pipe is taken as the only file")
	}
}
