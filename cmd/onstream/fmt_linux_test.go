package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormatEndless gives fmt what has no end, as a file and as its input.
func TestFormatEndless(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "main.hcl")); err != nil {
		t.Fatal(err)
	}
	cmd, log := start(t, dir, "fmt", ".")
	if err := cmd.Wait(); err == nil || !strings.Contains(read(t, log), "main.hcl is not a regular file; put one in its place") {
		t.Errorf("%v\n%s", err, read(t, log))
	}
}
