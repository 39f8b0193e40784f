package state_test

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/onstream/onstream/runtime/state"
)

// stored returns the files of a store that has flushed and compacted, and
// still has commits in its log. It was killed: nothing was closed.
func stored(t *testing.T, steps int64) *vfs.MemFS {
	t.Helper()
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	t.Cleanup(func() { closeStore(t, s) })
	if err := write(s, steps, true); err != nil {
		t.Fatal(err)
	}
	return files(disk)
}

func contents(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func replace(t *testing.T, fs vfs.FS, name string, text []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// damaged opens files that were damaged: what a store tells then is what one
// of its commits has left, or an error that tells the way out.
func damaged(t *testing.T, what string, disk vfs.FS, all []model) (number int64, opened bool) {
	t.Helper()
	s, err := state.Open("/state", "p", state.OnFS(disk))
	if err != nil {
		checkWayOut(t, what, err)
		return 0, false
	}
	got, err := read(s)
	if err != nil {
		checkWayOut(t, what, err)
	} else if n := s.Last().Number; !maps.Equal(got, all[n]) {
		t.Fatalf("%s: after %d steps the store holds\n%s, want\n%s", what, n, got, all[n])
	}
	number = s.Last().Number
	_ = s.Close() // it may not be able to flush
	return number, err == nil
}

func checkWayOut(t *testing.T, what string, err error) {
	t.Helper()
	for _, want := range []string{"checkpoint store /state/p: ", "restore the folder from a backup", "onstream state reset --all /state/p"} {
		if !strings.Contains(err.Error(), want) {
			t.Fatalf("%s: the error is %v; it does not say %q", what, err, want)
		}
	}
}

// A log that ends at any byte: with its mark, the loss of a commit is noticed;
// without, the store is at an earlier commit.
func TestTruncatedLog(t *testing.T) {
	t.Parallel()
	const steps = 4
	all := models(steps)
	disk := stored(t, steps)
	log := newest(t, disk, ".log")
	text := contents(t, disk, log)
	refused := 0
	for size := 0; size < len(text); size++ {
		if size < len(text)*9/10 {
			size += 40 // every byte of the last commit will do
		}
		after := files(disk)
		replace(t, after, log, text[:size])
		if n, ok := damaged(t, fmt.Sprintf("log of %d bytes", size), after, all); !ok {
			refused++
		} else if n < steps {
			t.Fatalf("log of %d bytes: commit %d is the last, %d was acknowledged", size, n, steps)
		}
		after = files(disk)
		replace(t, after, log, text[:size])
		if err := after.Remove("/state/p/checkpoint/MARK"); err != nil {
			t.Fatal(err)
		}
		damaged(t, fmt.Sprintf("log of %d bytes without mark", size), after, all)
	}
	t.Logf("%d lengths refused", refused)
}

func newest(t *testing.T, fs vfs.FS, suffix string) string {
	t.Helper()
	names, err := fs.List("/state/p/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, name := range names {
		if strings.HasSuffix(name, suffix) && name > found {
			found = name
		}
	}
	if found == "" {
		t.Fatalf("no file %s among %s", suffix, names)
	}
	return "/state/p/checkpoint/" + found
}

// A bit that flips in any file is noticed, or does not matter.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	const steps, flips = 60, 120
	all := models(steps)
	disk := stored(t, steps)
	names, err := disk.List("/state/p/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	rng := random()
	for _, name := range names {
		text := contents(t, disk, "/state/p/checkpoint/"+name)
		harmless, refused := 0, 0
		for i := 0; i < flips && len(text) > 0; i++ {
			at := rng.IntN(len(text))
			bit := byte(1) << rng.IntN(8)
			after := files(disk)
			text[at] ^= bit
			replace(t, after, "/state/p/checkpoint/"+name, text)
			text[at] ^= bit
			n, ok := damaged(t, fmt.Sprintf("%s, byte %d, bit %x", name, at, bit), after, all)
			switch {
			case !ok:
				refused++
			case n != steps:
				t.Fatalf("%s, byte %d, bit %x: commit %d is the last, %d was acknowledged", name, at, bit, n, steps)
			default:
				harmless++
			}
		}
		t.Logf("%s (%d bytes): %d flips refused, %d harmless", name, len(text), refused, harmless)
	}
}

// A file that is gone is noticed, or was not needed.
func TestMissingFile(t *testing.T) {
	t.Parallel()
	const steps = 60
	all := models(steps)
	disk := stored(t, steps)
	names, err := disk.List("/state/p/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		after := files(disk)
		if err := after.Remove("/state/p/checkpoint/" + name); err != nil {
			t.Fatal(err)
		}
		n, ok := damaged(t, name, after, all)
		if ok && n != steps {
			t.Fatalf("without %s commit %d is the last, %d was acknowledged", name, n, steps)
		}
		t.Logf("without %s: opens %v", name, ok)
	}
}
