//go:build unix

package sources_test

import (
	"strings"
	"syscall"
	"testing"
)

// TestFileIsAPipe names a pipe that nobody writes to: opening it would wait, and
// no stop would end that.
func TestFileIsAPipe(t *testing.T) {
	t.Parallel()
	path := inDir(t, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, follow := range []bool{false, true} {
		err := start(t, "file", environment(), "path", []string{path}, "follow", follow).Run(t.Context(), newOutlet())
		if err == nil || !strings.Contains(err.Error(), `read it with source "stdin"`) {
			t.Errorf("follow = %t: %v", follow, err)
		}
	}
}
