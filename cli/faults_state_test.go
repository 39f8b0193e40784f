package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// counting counts the records of each key, and tells each count.
const counting = `
pipeline "fleet" {
  checkpoint {
    interval = "20ms"
  }
}

source "file" "in" {
  path = "in.ndjson"
}

transform "reduce" "count" {
  from    = source.in
  key     = event.k
  initial = { n = 0 }
  update  = { n = state.n + 1 }
  emit    = { k = key, n = state.n }
}

sink "file" "out" {
  from = transform.count
  path = "out.ndjson"
}

sink "file" "dead" {
  from = errors
  path = "dead.ndjson"
}
`

// counted is a result of counting.
type counted struct {
	K string `json:"k"`
	N int    `json:"n"`
}

// counts returns the largest count of each key, and fails where one was
// counted twice.
func counts(t *testing.T, dir string) map[string]int {
	t.Helper()
	most := map[string]int{}
	for _, c := range recordsIn[counted](t, filepath.Join(dir, "out.ndjson")) {
		if c.N != most[c.K]+1 {
			t.Fatalf("key %s was counted %d after %d", c.K, c.N, most[c.K])
		}
		most[c.K] = c.N
	}
	return most
}

// keyedLines returns n records with the keys k0 to k<keys-1> in turn.
func keyedLines(n, keys int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"k\":\"k%d\"}\n", i%keys)
	}
	return b.String()
}

// wayOut is the command that a message about a damaged store tells.
var wayOut = regexp.MustCompile(`start over without it: onstream (state reset --all \S+)`)

// TestFlippedBitsOfAStore flips bits in each file of a store. The program goes
// on as if nothing had happened, or it names what is damaged and the way out,
// which works; it never goes on with something else.
func TestFlippedBitsOfAStore(t *testing.T) {
	t.Parallel()
	const n, keys = 400, 20
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), counting)
	write(t, filepath.Join(dir, "in.ndjson"), keyedLines(n, keys))
	for range 2 { // the second one makes a table of the log of the first
		succeed(t, dir, "run", "--state", "state", "p")
	}
	files, err := os.ReadDir(filepath.Join(dir, "state", "fleet", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text := read(t, filepath.Join(dir, "state", "fleet", "checkpoint", f.Name()))
		if text == "" {
			continue // its name is all that it tells
		}
		for _, at := range []int{0, len(text) / 2, len(text) - 1} {
			t.Run(fmt.Sprintf("%s:%d", f.Name(), at), func(t *testing.T) {
				t.Parallel()
				mine := t.TempDir()
				if err := os.CopyFS(mine, os.DirFS(dir)); err != nil {
					t.Fatal(err)
				}
				damaged := []byte(text)
				damaged[at] ^= 0x10
				write(t, filepath.Join(mine, "state", "fleet", "checkpoint", f.Name()), string(damaged))
				write(t, filepath.Join(mine, "in.ndjson"), keyedLines(n+1, keys))
				flipped(t, mine, f.Name(), n/keys+1)
			})
		}
	}
}

// flipped runs a pipeline whose store is damaged in a file, and whose next record
// is the want-th of key k0.
func flipped(t *testing.T, dir, file string, want int) {
	t.Helper()
	before := len(recordsIn[counted](t, filepath.Join(dir, "out.ndjson")))
	code, _, said := outcome(t, dir, "run", "--state", "state", "p")
	if code == 0 {
		t.Log("it does not matter")
		if got := recordsIn[counted](t, filepath.Join(dir, "out.ndjson")); len(got) != before+1 || got[before] != (counted{"k0", want}) {
			t.Errorf("what came next is %v, want the count %d of k0", got[before:], want)
		}
		return
	}
	words := strings.TrimSpace(said[strings.LastIndex(said, "onstream: "):])
	t.Log(words)
	found := wayOut.FindStringSubmatch(words)
	if code != 1 || found == nil || !strings.Contains(words, filepath.Join(dir, "state", "fleet", "checkpoint", file)+" is corrupt at offset ") {
		t.Fatalf("exit code %d, and the way out is not told:\n%s", code, said)
	}
	if strings.Contains(said, "stack trace") || strings.Contains(said, "goroutine ") {
		t.Errorf("a stack is shown:\n%s", clippedTo(600, said))
	}
	succeed(t, dir, strings.Fields(found[1])...)
	if err := os.Remove(filepath.Join(dir, "out.ndjson")); err != nil {
		t.Fatal(err)
	}
	succeed(t, dir, "run", "--state", "state", "p")
	if got := counts(t, dir); got["k0"] != want || got["k1"] != want-1 {
		t.Errorf("after the way out the counts are %v", got)
	}
}

// TestStateRemovedWhileRunning removes, or moves away, the state directory of
// a running pipeline. Files that are gone can be written on and on; the program
// notices that, and ends.
func TestStateRemovedWhileRunning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), strings.Replace(counting, `source "file" "in" {
  path = "in.ndjson"
}`, `source "simulate" "in" {
  devices = 10
  rate    = 2000
}`, 1))
	replace := strings.NewReplacer("event.k", "event.device")
	write(t, filepath.Join(dir, "p", "main.hcl"), replace.Replace(read(t, filepath.Join(dir, "p", "main.hcl"))))
	l := live(t, dir, nil, "--state", "state", "p")
	l.await("a checkpoint", func() bool { return l.metric("onstream_checkpoint_number") > 1 })
	if err := os.Rename(filepath.Join(dir, "state"), filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	code, said := l.end(), l.said()
	t.Log(said[strings.LastIndex(said, "onstream: "):])
	if code != 1 || !strings.Contains(said, filepath.Join(dir, "state", "fleet")+": the folder was removed or replaced while it was in use") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	if exists(filepath.Join(dir, "state")) {
		t.Error("a state directory was made in the place of the one that was removed")
	}
}

// TestStateRemovedWhileIdle removes the state directory of a pipeline that has
// nothing to store, and stays so.
func TestStateRemovedWhileIdle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), strings.NewReplacer(`source "file" "in" {
  path = "in.ndjson"
}`, `source "timer" "in" {
  every = "1h"
}`, "event.k", "event.n").Replace(counting))
	l := live(t, dir, nil, "--state", "state", "p")
	l.await("a checkpoint", func() bool { return l.metric("onstream_checkpoint_number") > 0 })
	if err := os.Rename(filepath.Join(dir, "state"), filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	code, said := l.end(), l.said()
	if code != 1 || !strings.Contains(said, filepath.Join(dir, "state", "fleet")+": the folder was removed or replaced while it was in use") {
		t.Errorf("exit code %d\n%s", code, said)
	}
}
