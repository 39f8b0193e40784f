package sources_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

func follow(t *testing.T, path string, kv ...any) (*outlet, plugins.Source) {
	t.Helper()
	s := start(t, "file", environment(), append([]any{"path", []string{path}, "follow", true, "poll", time.Millisecond}, kv...)...)
	return newOutlet(), s
}

func (o *outlet) wait(t *testing.T, n int) {
	t.Helper()
	o.until(t, fmt.Sprint(n, " records"), func() bool { return len(o.records) >= n })
}

func TestFollowWaitsForFilesAndLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	o, s := follow(t, filepath.Join(dir, "*.log"))
	background(t, s, o)
	add(t, path, "1\n2\n3a")
	o.wait(t, 2)
	add(t, path, "3b")
	add(t, path, "3c\n")
	o.wait(t, 3)
	add(t, filepath.Join(dir, "b.log"), "4\n")
	o.wait(t, 4)
	if got := o.values(); got != "1 2 3a3b3c 4" {
		t.Errorf("records %q", got)
	}
}

func TestFollowThroughRenaming(t *testing.T) {
	t.Parallel()
	path := inDir(t, "a.log")
	write(t, path, "1\n2\n")
	o, s := follow(t, path)
	background(t, s, o)
	o.wait(t, 2)
	add(t, path, "3\nno end")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	add(t, path+".1", " yet\n") // by a writer that has the old file open
	add(t, path, "5\n")
	o.wait(t, 5)
	if got := o.values(); got != "1 2 3 no end yet 5" {
		t.Errorf("records %q", got)
	}
	if p := o.records[4].part; p.Epoch != 1 || p.Name != path {
		t.Errorf("partition %+v", p)
	}
	if len(o.done) != 1 || o.done[0].Epoch != 0 {
		t.Errorf("done %v", o.done)
	}
}

func TestFollowThroughTruncation(t *testing.T) {
	t.Parallel()
	path := inDir(t, "a.log")
	write(t, path, "first\nsecond\n")
	o, s := follow(t, path)
	background(t, s, o)
	o.wait(t, 2)
	write(t, path, "3\n")
	o.wait(t, 3)
	write(t, path, "4\n") // as long as before: only its content tells
	o.wait(t, 4)
	if got := o.values(); got != "first second 3 4" {
		t.Errorf("records %q", got)
	}
}

func TestFollowFromTheEnd(t *testing.T) {
	t.Parallel()
	path := inDir(t, "a.log")
	write(t, path, "1\n2\nhalf")
	o, s := follow(t, path, "start", "end")
	background(t, s, o)
	for {
		if found, _ := s.(plugins.Progresser).Progress(); found >= 8 { // all that was there was skipped or read
			break
		}
		time.Sleep(time.Millisecond)
	}
	add(t, path, " a line\n")
	o.wait(t, 1)
	if got := o.values(); got != "half a line" {
		t.Errorf("records %q", got)
	}
}

func TestFollowResumesInARotatedFile(t *testing.T) {
	t.Parallel()
	path := inDir(t, "a.log")
	write(t, path, "1\n2\n")
	o, s := follow(t, path)
	stop := background(t, s, o)
	o.wait(t, 2)
	at := last2(o.next)
	if err := stop(); err == nil {
		t.Error("Run returned no error when its context ended")
	}
	add(t, path, "3\n")
	if err := os.Rename(path, filepath.Join(filepath.Dir(path), "a-old.log")); err != nil {
		t.Fatal(err)
	}
	write(t, path, "4\n")
	o, s = follow(t, path)
	if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: path, Epoch: 6}: at, {Name: path, Epoch: 2}: {1}}); err == nil {
		t.Error("a damaged position was taken")
	}
	if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: path, Epoch: 6}: at}); err != nil {
		t.Fatal(err)
	}
	background(t, s, o)
	o.wait(t, 2)
	if got := o.values(); got != "3 4" {
		t.Errorf("records %q", got)
	}
	if a, b := o.records[0].part, o.records[1].part; a.Epoch != 6 || b.Epoch != 7 || a.Name != b.Name {
		t.Errorf("partitions %v %v", a, b)
	}
}
