package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDiskUnderTheState fills the disk under the state of a pipeline that
// runs. Its source waits, a metric and the log say so; when there is room again
// it goes on, and nothing was lost or counted twice.
func TestFullDiskUnderTheState(t *testing.T) {
	t.Parallel()
	const n, keys = 10_000, 50
	dir := t.TempDir()
	mount(t, filepath.Join(dir, "state"), "16m")
	in := filepath.Join(dir, "in.ndjson")
	main := filepath.Join(dir, "p", "main.hcl")
	write(t, main, followed)
	write(t, in, keyedLines(n, keys))
	total := n
	l := live(t, dir, nil, "--state", "state", "p")
	all := func() bool { return l.metric("onstream_stage_in_total", `"sink.out"`) == float64(total) }
	l.await("all records", all)

	ballast := filepath.Join(dir, "state", "ballast")
	fillDisk(t, ballast)
	l.await("the metric", func() bool { // the store has some room that was set aside before
		if all() {
			addTo(t, in, keyedLines(n, keys))
			total += n
		}
		return l.metric("onstream_checkpoint_failing") == 1
	})
	t.Log(l.awaitLog(`(msg="checkpoints cannot be stored: sources wait until they can".*)`))
	addTo(t, in, keyedLines(4*n, keys))
	total += 4 * n
	taken, number := -1.0, l.metric("onstream_checkpoint_number")
	for same := 0; same < 50; same++ {
		if now := l.metric("onstream_stage_in_total", `"source.in"`); now != taken {
			taken, same = now, 0
		}
	}
	t.Logf("the source has read %.0f of %d records and stands still, as the last checkpoint, %.0f, does", taken, total, number)
	if taken >= float64(total) || l.metric("onstream_checkpoint_number") != number {
		t.Error("the source has not waited, or checkpoints were stored on a full disk")
	}
	said := l.reloads(main, strings.Replace(followed, "initial =", "max_keys = 1000\n  initial =", 1))
	if !strings.Contains(said, "not reloaded, the old pipeline keeps running") || !strings.Contains(said, "checkpoints cannot be stored at present; try again when they can") {
		t.Errorf("a reload while the disk is full:\n%s", said)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	l.awaitLog(`msg="checkpoints can be stored again"`)
	l.await("all records", all)
	l.await("the metric", func() bool { return l.metric("onstream_checkpoint_failing") == 0 })
	l.stop()
	for key, got := range counts(t, dir) {
		if want := total / keys; got != want {
			t.Errorf("%s was counted %d times, want %d", key, got, want)
		}
	}
	if dead := read(t, filepath.Join(dir, "dead.ndjson")); dead != "" {
		t.Errorf("dead letters: %s", clippedTo(300, dead))
	}
}

// fillDisk writes a file until not a byte more has room.
func fillDisk(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 16
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestStateOnAReadOnlyDisk starts with a state directory that nobody can write.
func TestStateOnAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	mount(t, state, "1m")
	if err := syscall.Mount("tmpfs", state, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "p", "main.hcl"), counting)
	write(t, filepath.Join(dir, "in.ndjson"), keyedLines(10, 2))
	code, _, said := outcome(t, dir, "run", "--state", "state", "p")
	t.Log(said)
	if code != 1 || !strings.Contains(said, state) || !strings.Contains(said, "read-only file system") {
		t.Errorf("exit code %d", code)
	}
	if exists(filepath.Join(dir, "out.ndjson")) && read(t, filepath.Join(dir, "out.ndjson")) != "" {
		t.Error("records went through")
	}
}
