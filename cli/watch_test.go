package cli

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatchSeesWhatChangedWhileItWasRead: between the reading of the files and
// the first look of the watch lie the start of the pipelines and whatever else
// the machine has to do.
func TestWatchSeesWhatChangedWhileItWasRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("locals { a = 1 }")
	loaded := fingerprint([]string{dir})
	write("locals { a = 10 }")

	s := &supervisor{paths: []string{dir}, logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	reloads := make(chan struct{}, 1)
	go s.watch(t.Context(), loaded, nil, reloads)
	select {
	case <-reloads:
	case <-time.After(patience):
		t.Error("the change was not seen")
	}
}
