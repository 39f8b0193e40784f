package state_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
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

const database = "/state/p/checkpoint/"

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
	// In a build with the race detector a file in memory spoils what it is given.
	if _, err := f.Write(bytes.Clone(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func namesIn(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	names, err := fs.List(database)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func everything(t *testing.T, fs vfs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range namesIn(t, fs) {
		all[name] = string(contents(t, fs, database+name))
	}
	return all
}

// damaged opens files that were damaged: what a store tells then is what one
// of its commits has left, or an error that names the file and the way out. A
// store that does not open stays as it is, and says the same again.
func damaged(t *testing.T, what string, disk vfs.FS, all []model) (number int64, refusal string) {
	t.Helper()
	before := everything(t, disk)
	s, err := state.Open("/state", "p", state.OnFS(disk))
	if err != nil {
		checkWayOut(t, what, err)
		if !maps.Equal(before, everything(t, disk)) {
			t.Fatalf("%s: a store that is refused was changed: %v, %v before", what, namesIn(t, disk), slices.Sorted(maps.Keys(before)))
		}
		if _, again := state.Open("/state", "p", state.OnFS(disk)); again == nil || again.Error() != err.Error() {
			t.Fatalf("%s: first it says %v, then %v", what, err, again)
		}
		return 0, err.Error()
	}
	got, err := read(s)
	if err != nil {
		checkWayOut(t, what, err)
		refusal = err.Error()
	} else if n := s.Last().Number; !maps.Equal(got, all[n]) {
		t.Fatalf("%s: after %d steps the store holds\n%s, want\n%s", what, n, got, all[n])
	}
	number = s.Last().Number
	_ = s.Close() // it may not be able to flush
	return number, refusal
}

func checkWayOut(t *testing.T, what string, err error) {
	t.Helper()
	for _, want := range []string{"checkpoint store /state/p: " + database, "restore the folder from a backup", "onstream state reset --all /state/p"} {
		if !strings.Contains(err.Error(), want) {
			t.Fatalf("%s: the error is %v; it does not say %q", what, err, want)
		}
	}
}

var place = regexp.MustCompile(`(/state/p/checkpoint/\S+) (?:is corrupt|ends too early) at offset (\d+)`)

// names checks that a refusal names the file, and the place where what is
// damaged begins: the frame or block, of which none is larger here.
func names(t *testing.T, what, refusal, file string, at int) {
	t.Helper()
	const largest = 4 << 10
	for _, found := range place.FindAllStringSubmatch(refusal, -1) {
		offset, err := strconv.Atoi(found[2])
		if err != nil {
			t.Fatal(err)
		}
		if found[1] == database+file && offset <= at && at-offset < largest {
			return
		}
	}
	t.Fatalf("%s: it does not name %s and where it is damaged: %s", what, file, refusal)
}

func newest(t *testing.T, fs vfs.FS, suffix string) string {
	t.Helper()
	found := ""
	for _, name := range namesIn(t, fs) {
		if strings.HasSuffix(name, suffix) && name > found {
			found = name
		}
	}
	if found == "" {
		t.Fatalf("no file %s among %s", suffix, namesIn(t, fs))
	}
	return found
}

// A bit that flips anywhere in any file is noticed, and named, or it does not
// matter.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	const steps, flips = 60, 80
	all := models(steps)
	disk := stored(t, steps)
	for _, name := range namesIn(t, disk) {
		text := contents(t, disk, database+name)
		harmless, refused := 0, 0
		for at := 0; at < len(text); at += 1 + len(text)/flips {
			bit := byte(1) << (at % 8)
			what := fmt.Sprintf("%s, byte %d, bit %x", name, at, bit)
			after := files(disk)
			text[at] ^= bit
			replace(t, after, database+name, text)
			text[at] ^= bit
			n, refusal := damaged(t, what, after, all)
			switch {
			case refusal != "":
				names(t, what, refusal, name, at)
				refused++
			case n != steps:
				t.Fatalf("%s: commit %d is the last, %d was acknowledged", what, n, steps)
			default:
				harmless++
			}
		}
		if name == "MARK" && harmless > 0 {
			t.Errorf("%d of the bits of MARK do not matter", harmless)
		}
		t.Logf("%s (%d bytes): %d flips refused, %d harmless", name, len(text), refused, harmless)
	}
}

// A file that ends anywhere is noticed, and named, or it does not matter.
func TestTruncatedFiles(t *testing.T) {
	t.Parallel()
	const steps, cuts = 60, 60
	all := models(steps)
	disk := stored(t, steps)
	for _, name := range namesIn(t, disk) {
		text := contents(t, disk, database+name)
		harmless, refused := 0, 0
		for size := 0; size < len(text); size += 1 + len(text)/cuts {
			what := fmt.Sprintf("%s of %d bytes", name, size)
			after := files(disk)
			replace(t, after, database+name, text[:size])
			n, refusal := damaged(t, what, after, all)
			switch {
			case refusal != "":
				names(t, what, refusal, name, size)
				refused++
			case n != steps:
				t.Fatalf("%s: commit %d is the last, %d was acknowledged", what, n, steps)
			default:
				harmless++
			}
		}
		if name == "MARK" && harmless > 0 {
			t.Errorf("a MARK that is cut off does not matter")
		}
		t.Logf("%s (%d bytes): %d lengths refused, %d harmless", name, len(text), refused, harmless)
	}
}

// The end of the log after a loss of power, which the mark may not know of: what
// was never finished is left out. What is damaged in front of it is not.
func TestTornLog(t *testing.T) {
	t.Parallel()
	const steps = 6
	all := models(steps)
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	var mark []byte
	ends := map[int64]int{} // of the log, after each commit
	var log string
	for n := int64(1); n <= steps; n++ {
		if err := write(s, n, true); err != nil {
			t.Fatal(err)
		}
		now := files(disk)
		log = newest(t, now, ".log")
		ends[n] = len(contents(t, now, database+log))
		if n == 1 {
			mark = contents(t, now, database+"MARK")
		}
	}
	disk = files(disk)
	closeStore(t, s)
	replace(t, disk, database+"MARK", mark)
	text := contents(t, disk, database+log)[:ends[steps]]
	whole := func(size int) (n int64) {
		for n = steps; n > 0 && ends[n] > size; n-- {
		}
		return n
	}
	// What is damaged cannot be told from what was never finished, unless something behind it says that it was synced; the log
	// may come to know that a moment after who waited for it.
	known := func(begin int64) bool {
		for m := begin + 1; m < steps; m++ {
			if synced := binary.LittleEndian.Uint64(text[ends[m]+11:]); synced > uint64(ends[begin]) {
				return true
			}
		}
		return false
	}
	for at := ends[1]; at < len(text); at += 61 {
		cut := files(disk)
		replace(t, cut, database+log, text[:at])
		what := fmt.Sprintf("%s of %d bytes", log, at)
		if n, refusal := damaged(t, what, cut, all); refusal != "" || n != whole(at) {
			t.Fatalf("%s: commit %d is the last, want %d; %s", what, n, whole(at), refusal)
		}
		flipped := files(disk)
		text[at] ^= 0x10
		replace(t, flipped, database+log, text)
		text[at] ^= 0x10
		what = fmt.Sprintf("%s, byte %d", log, at)
		n, refusal := damaged(t, what, flipped, all)
		switch {
		case known(whole(at)):
			names(t, what, refusal, log, at)
		case refusal != "" || n != whole(at):
			t.Fatalf("%s: commit %d is the last, want %d; %s", what, n, whole(at), refusal)
		}
	}
}

// A file that is gone is noticed, and named, or was not needed.
func TestMissingFile(t *testing.T) {
	t.Parallel()
	const steps = 60
	all := models(steps)
	disk := stored(t, steps)
	for _, name := range namesIn(t, disk) {
		after := files(disk)
		if err := after.Remove(database + name); err != nil {
			t.Fatal(err)
		}
		n, refusal := damaged(t, name, after, all)
		if refusal == "" && n != steps {
			t.Fatalf("without %s commit %d is the last, %d was acknowledged", name, n, steps)
		}
		kind, _, _ := strings.Cut(strings.TrimPrefix(name, "marker."), ".")
		switch {
		case refusal == "" && (name == "MARK" || strings.HasPrefix(name, "marker.") || strings.HasPrefix(name, "MANIFEST-")):
			t.Errorf("without %s it opens", name)
		case refusal != "" && !strings.Contains(refusal, database+name+" is missing") && !strings.Contains(refusal, database+"marker."+kind+".* is missing") && !strings.HasSuffix(name, ".log"):
			t.Errorf("without %s it says %s", name, refusal)
		}
		t.Logf("without %s: %s", name, refusal)
	}
}
