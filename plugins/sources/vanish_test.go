package sources_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// The second file is removed once its name is known: while the first is read.
func TestFileVanishesBeforeItIsOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.json"), "1\n2\n")
	second := filepath.Join(dir, "b.json")
	write(t, second, "3\n")
	o := newOutlet()
	o.hand = func(context.Context, plugins.Delivery) error { return os.Remove(second) }
	err := start(t, "file", environment(), "path", []string{filepath.Join(dir, "*.json")}).Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), second) || !strings.Contains(err.Error(), "check the path") {
		t.Errorf("error %v", err)
	}
	if len(o.records) != 2 || len(o.done) != 1 {
		t.Errorf("%d records, %d files done; the first file counts all the same", len(o.records), len(o.done))
	}
}

// A file that is open is read to its end, whoever removes it.
func TestFileVanishesWhileItIsRead(t *testing.T) {
	t.Parallel()
	if goruntime.GOOS == "windows" {
		return // there, a file that is open cannot be removed
	}
	path := filepath.Join(t.TempDir(), "a.json")
	var text strings.Builder
	const n = 200_000
	for i := range n {
		fmt.Fprintln(&text, i)
	}
	write(t, path, text.String())
	o := newOutlet()
	o.hand = func(context.Context, plugins.Delivery) error {
		if o.batches == 0 {
			return os.Remove(path)
		}
		return nil
	}
	if err := start(t, "file", environment(), "path", []string{path}).Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(o.records) != n || o.batches < 2 {
		t.Errorf("%d records in %d batches", len(o.records), o.batches)
	}
}

// What is taken out of a file in mid-read is missed: a compressed file then
// has no end, which is told with its path.
func TestFileIsTruncatedWhileItIsRead(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 500_000 {
		fmt.Fprintln(&text, i*7919)
	}
	data := compressions[".gz"]([]byte(text.String()))
	path := filepath.Join(t.TempDir(), "a.gz")
	write(t, path, string(data))
	o := newOutlet()
	o.hand = func(context.Context, plugins.Delivery) error {
		if o.batches == 0 {
			return os.Truncate(path, 0)
		}
		return nil
	}
	err := start(t, "file", environment(), "path", []string{path}).Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "read "+path+" at byte ") || !strings.Contains(err.Error(), "breaks off") {
		t.Errorf("error %v", err)
	}
	if len(o.records) == 0 {
		t.Error("what was read before is lost")
	}
}
