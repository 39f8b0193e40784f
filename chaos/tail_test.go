package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// An engine cuts off the half of a line that a crash has left, and writes on from there: the halves of two lines
// do not make one.
func TestTailOfFileThatIsCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, records+".ndjson")
	o := newObserver(byFile)
	tails := newTails(dir, []string{records}, o)
	written := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := tails.poll(); err != nil {
			t.Fatal(err)
		}
	}
	const whole = `{"id":"d01/0","key":"d01","value":1}` + "\n"
	written("")
	written(whole + `{"id":"d01/1","key":"d01","value"`)
	written(whole + `{"id":"d02/7","key":"d02","value":3}` + "\n" + `{"id":"d01/1","key":"d01","value":2}` + "\n")
	var bodies []string
	for id, e := range o.streams[records].entries {
		bodies = append(bodies, id+" "+e.body)
	}
	slices.Sort(bodies)
	if want := []string{"d01/0 value=1", "d01/1 value=2", "d02/7 value=3"}; !slices.Equal(bodies, want) || o.count() != 3 {
		t.Errorf("%q, %d lines; want %q", bodies, o.count(), want)
	}
}
