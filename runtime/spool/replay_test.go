package spool_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

func putAside(t *testing.T, dir string, records ...string) {
	t.Helper()
	a, err := spool.PutAside(dir, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := a.Add([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
}

func hasReplay(t *testing.T, dir string) bool {
	t.Helper()
	has, err := spool.HasReplay(dir)
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// delivered is a fake of the engine that keeps what replays hand over.
type delivered struct {
	pool plugins.Pool
	mu   sync.Mutex
	all  []plugins.Delivery
	text []string
	done int
}

func (d *delivered) Batch() *plugins.Batch { return d.pool.Batch() }

func (d *delivered) Hand(_ context.Context, x plugins.Delivery) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range x.Batch.Sel {
		d.text = append(d.text, string(x.Batch.Value(i)))
	}
	d.all = append(d.all, x)
	return nil
}

func (d *delivered) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.all)
}

func (d *delivered) Done(plugins.Partition) { d.done++ }

func replay(t *testing.T, dir string, positions map[plugins.Partition]plugins.Position) (*spool.ReplaySource, *delivered) {
	t.Helper()
	s, err := spool.Replay(dir, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seek(positions); err != nil {
		t.Fatal(err)
	}
	d := &delivered{}
	if err := s.Run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return s, d
}

func TestReplaysAreReadOnceAndRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "in")
	if hasReplay(t, dir) {
		t.Error("there is one, but the folder is not there")
	}
	putAside(t, dir, "a", "b")
	putAside(t, dir, "c")
	if !hasReplay(t, dir) {
		t.Error("there is none")
	}
	// Not acknowledged: it comes again.
	_, d := replay(t, dir, nil)
	if got := strings.Join(d.text, " "); got != "a b c" || d.done != 2 {
		t.Errorf("got %q, %d done", got, d.done)
	}
	// The first was in a checkpoint, though it was never acknowledged.
	first := d.all[0]
	s, d := replay(t, dir, map[plugins.Partition]plugins.Position{first.Batch.Part: first.Next, {Name: spool.PartitionName}: nil})
	if got := strings.Join(d.text, " "); got != "c" {
		t.Errorf("got %q", got)
	}
	if done, total := s.Progress(); done != 2 || total != 3 {
		t.Errorf("%d of %d", done, total)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v are left, %v", entries, err)
	}
	d.all[0].Ack()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
	if done, total := s.Progress(); done != 3 || total != 3 {
		t.Errorf("%d of %d", done, total)
	}
}

func TestAReplayThatIsNotWholeIsNotSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := spool.PutAside(dir, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := a.Add([]byte(strings.Repeat(fmt.Sprint(i), 1<<20))); err != nil {
			t.Fatal(err)
		}
	}
	if hasReplay(t, dir) {
		t.Error("it is there already")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Fatalf("what is being put aside was removed: %v, %v", entries, err)
	}
	if err := a.Abandon(); err != nil {
		t.Fatal(err)
	}
	// A process that dies leaves it.
	if err := os.Mkdir(filepath.Join(dir, "00000000000000000001.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if hasReplay(t, dir) {
		t.Error("what was abandoned is there")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
}

// The position of a replay is needed as long as its records are there, under
// whatever name of the source.
func TestReplayed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "in")
	if !spool.Replayed(dir, plugins.Partition{Name: "replay/1"}) {
		t.Error("a replay of which nothing is there is not over")
	}
	putAside(t, dir, "a")
	_, d := replay(t, dir, nil)
	part := d.all[0].Batch.Part
	renamed := filepath.Join(root, "another")
	for _, where := range []string{dir, renamed} {
		if spool.Replayed(where, part) {
			t.Errorf("a replay that is there is over for %s", where)
		}
	}
	d.all[0].Ack()
	for _, where := range []string{dir, renamed} {
		if !spool.Replayed(where, part) {
			t.Errorf("a replay that was removed is not over for %s", where)
		}
	}
	if spool.Replayed(dir, plugins.Partition{Name: spool.PartitionName}) {
		t.Error("the spool itself is taken for a replay")
	}
}
