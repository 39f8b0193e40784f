package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// spoolWayOut is the command that a message about a damaged spool tells, with
// what is damaged and where.
var spoolWayOut = regexp.MustCompile(`spool (\S+) is damaged at offset (\d+): .* with .(onstream spool repair (\S+) --truncate-at (\S+):(\d+))`)

// TestFlippedBitsOfASpool flips a bit at every so many bytes of each file of a
// spool. The program takes all records in as if nothing had happened, or it
// names the file, the place and the way out, which works; no record changes.
func TestFlippedBitsOfASpool(t *testing.T) {
	t.Parallel()
	const n, every = 12, 61
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), counting)
	write(t, filepath.Join(dir, "in.ndjson"), "")
	var dead strings.Builder
	for i := range n {
		fmt.Fprintf(&dead, `{"pipeline":"fleet","stage":"sink.x","code":"write","message":"no","partition":"in.ndjson","offset":%d,"payload":"{\"k\":\"k%d\"}"}`+"\n", i, i)
	}
	write(t, filepath.Join(dir, "letters.ndjson"), dead.String())
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o755); err != nil {
		t.Fatal(err)
	}
	succeed(t, dir, "replay", "letters.ndjson", "--into", "source.in", "--state", "state", "p")
	found, err := filepath.Glob(filepath.Join(dir, "state", "fleet", "replay", "in", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, file := range found {
		text := read(t, file)
		for at := 0; at < len(text); at += every {
			damaged++
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(file), at), func(t *testing.T) {
				t.Parallel()
				mine := t.TempDir()
				if err := os.CopyFS(mine, os.DirFS(dir)); err != nil {
					t.Fatal(err)
				}
				flipped := []byte(text)
				flipped[at] ^= 0x10
				mineFile := filepath.Join(mine, strings.TrimPrefix(file, dir))
				write(t, mineFile, string(flipped))
				flippedSpool(t, mine, mineFile, at)
			})
		}
	}
	if damaged < 20 {
		t.Errorf("%d places in %v are too few", damaged, found)
	}
}

// flippedSpool runs a pipeline with a damaged spool, and follows what it says.
func flippedSpool(t *testing.T, dir, file string, at int) {
	t.Helper()
	code, _, said := outcome(t, dir, "run", "--state", "state/", "p")
	if code == 0 {
		if got := len(counts(t, dir)); got != 12 {
			t.Errorf("no error, and %d of 12 records went in", got)
		}
		return
	}
	m := spoolWayOut.FindStringSubmatch(said)
	if code != 1 || m == nil || m[1] != file || strings.Contains(m[0], "//") || m[2] != m[6] || filepath.Join(m[4], m[5]) != m[1] {
		t.Fatalf("exit code %d; the file, the place and the way out are not told:\n%s", code, said)
	}
	if offset, err := strconv.Atoi(m[2]); err != nil || offset > at {
		t.Errorf("the damage at %d is said to begin at %s", at, m[2])
	}
	if got := len(counts(t, dir)); got != 0 {
		t.Errorf("%d records went in before the damage was seen", got)
	}
	succeed(t, dir, strings.Fields(m[3])[1:]...)
	succeed(t, dir, "run", "--state", "state", "p")
	counts(t, dir)
}
