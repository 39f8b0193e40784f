package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk runs a sink into a disk without space. The source waits; when
// there is space again, everything is written, once.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	mount(t, disk, "64k")
	ballast := filepath.Join(disk, "ballast")
	write(t, ballast, strings.Repeat("x", 32<<10))

	const records = 1000 // 40 KB
	var in bytes.Buffer
	for i := range records {
		fmt.Fprintf(&in, "{\"n\":%4d,\"text\":\"%s\"}\n", i, strings.Repeat("t", 22))
	}
	write(t, filepath.Join(dir, "in.ndjson"), in.String())
	write(t, filepath.Join(dir, "p", "main.hcl"), `
source "file" "in" {
  path = "in.ndjson"
}
sink "file" "out" {
  from = source.in
  path = "disk/out.ndjson"
  retry {
    max_backoff = "50ms"
  }
}
`)
	cmd, log := start(t, dir, "run", "p")
	wait(t, func() bool { return strings.Contains(read(t, log), "no space left on device") })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, read(t, log))
	}
	if got := read(t, filepath.Join(disk, "out.ndjson")); got != in.String() {
		t.Errorf("%d bytes were written, want the %d that were read", len(got), in.Len())
	}
}

// mount mounts a small disk, where that is allowed.
func mount(t *testing.T, dir, size string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("no right to mount a small disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}
