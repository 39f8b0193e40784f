//go:build unix

package spool_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/onstream/onstream/runtime/spool"
)

// TestPipesInPlaceOfFiles puts a named pipe in the place of each file of a log:
// opening that would wait for ever.
func TestPipesInPlaceOfFiles(t *testing.T) {
	t.Parallel()
	small := spool.Options{SegmentBytes: 120}
	for _, place := range []string{"first segment", "last segment", "mark", "lock"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			e := newEngine()
			e.keep = true
			if err := wrap(t, sending([]string{"a"}, []string{"b"}, []string{"c"}), dir, small).Run(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			logs := segments(t, dir)
			if len(logs) < 2 {
				t.Fatalf("segments %q", logs)
			}
			name := map[string]string{
				"first segment": logs[0], "last segment": logs[len(logs)-1],
				"mark": filepath.Join(dir, "mark"), "lock": filepath.Join(dir, "lock"),
			}[place]
			remove(t, name)
			if err := syscall.Mkfifo(name, 0o600); err != nil {
				t.Fatal(err)
			}
			want := name + " is not a regular file"
			if _, err := run(t.Context(), t, ending, dir, small, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Run says %v, want %q", err, want)
			}
			if _, err := spool.Inspect(dir, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Inspect says %v, want %q", err, want)
			}
			if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
				t.Errorf("the pipe is gone: %v", err)
			}
		})
	}
}
