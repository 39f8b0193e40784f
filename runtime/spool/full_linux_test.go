package spool_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// TestFullFileSystem fills a real one, makes room, and goes on.
func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	logged := make(chan string, 10)
	big := strings.Repeat("x", 30<<10)
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		if err := sending([]string{big})(ctx, out); err != nil {
			return err
		}
		waiting, err := hand(ctx, out, big)
		if err != nil {
			return err
		}
		<-logged // that the disk is full
		if err := os.Remove(ballast); err != nil {
			return err
		}
		return <-waiting
	})
	spoolDir := filepath.Join(dir, "spool")
	e := newEngine()
	e.keep = true
	o := spool.Options{Logger: logTo(logged)}
	if err := wrap(t, inner, spoolDir, o).Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	r, err := spool.Inspect(spoolDir, nil)
	if err != nil || len(r.Problems) > 0 || r.Torn > 0 || len(e.records) != 2 || e.records[1] != big {
		t.Errorf("%d records, %+v, %v", len(e.records), r, err)
	}
}
