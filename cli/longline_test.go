package cli

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLongLine puts a line of 100 MB into the middle of a file: it goes to the
// errors, capped, the rest goes on, and the memory stays small.
func TestLongLine(t *testing.T) {
	t.Parallel()
	const size = 100_000_000
	dir := t.TempDir()
	writeLongLine(t, filepath.Join(dir, "in.ndjson"), size)
	write(t, filepath.Join(dir, "p", "main.hcl"), `
source "file" "in" {
  path = "in.ndjson"
}
sink "stdout" "out" {
  from = source.in
}
sink "file" "errors" {
  from = errors
  path = "errors.ndjson"
}
`)
	cmd, stdout, stderr := binary(t, dir, "run", "p")
	peak, err := runWatched(cmd)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if got, want := stdout.String(), "{\"n\":1}\n{\"n\":3}\n"; got != want {
		t.Errorf("out has %d bytes: %.200q, want %q", len(got), got, want)
	}
	var dead struct {
		Code, Message, Payload string
		Offset                 int64
	}
	errors := read(t, filepath.Join(dir, "errors.ndjson"))
	if err := json.Unmarshal([]byte(errors), &dead); err != nil {
		t.Fatalf("%v in %.500s", err, errors)
	}
	if dead.Code != "too_large" || dead.Offset != 8 || !strings.Contains(dead.Message, "100000000") {
		t.Errorf("code %q, offset %d, message %q", dead.Code, dead.Offset, dead.Message)
	}
	if !strings.HasPrefix(dead.Payload, `{"n":"xxxx`) || len(dead.Payload) > 64<<10 {
		t.Errorf("payload has %d bytes: %.50q", len(dead.Payload), dead.Payload)
	}
	if most := int64(32 << 20); share == 1 && peak > most { // with the race detector it takes more
		t.Errorf("memory reached %d MiB, want at most %d", peak>>20, most>>20)
	}
}

// writeLongLine writes three lines, the second of which has size bytes.
func writeLongLine(t *testing.T, name string, size int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	_, _ = w.WriteString("{\"n\":1}\n{\"n\":\"")
	for i := len(`{"n":""}`); i < size; i++ {
		_ = w.WriteByte('x')
	}
	_, _ = w.WriteString("\"}\n{\"n\":3}\n")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
