package cli

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
	for arg, want := range map[string]string{".": "main.hcl is not a regular file; put one in its place", "-": "file too large"} {
		zero, err := os.Open("/dev/zero")
		if err != nil {
			t.Fatal(err)
		}
		defer zero.Close()
		cmd, _, stderr := binary(t, dir, "fmt", arg)
		cmd.Stdin = zero
		if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), want) {
			t.Errorf("fmt %s: %v\n%s", arg, err, stderr)
		}
	}
}
