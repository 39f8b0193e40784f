//go:build unix

package project_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/onstream/onstream/wasm/project"
)

// A named pipe where a file is to be is told, and nobody waits for who writes to it; where nothing is built from, it may be.
func TestPipes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"onstream.json":  "the behaviour in @: onstream.json is a named pipe, not a file",
		"main.go":        "the behaviour in @: main.go is a named pipe, not a file: move it out of the folder",
		"more/data.json": "the behaviour in @: more/data.json is a named pipe, not a file: move it out of the folder",
		"tests/x.json":   "",
		".hidden":        "",
	} {
		dir := folder(t, map[string]string{"onstream.json": "{}", "main.go": goBehaviour})
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path) // one that is there
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := project.Read(dir)
		if want = strings.ReplaceAll(want, "@", dir); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s gives %v, not %s", name, err, want)
		}
	}
}

// A manifest of a GiB is refused as soon as it is too long.
func TestManifestOfAGiB(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"onstream.json": "{}", "main.go": goBehaviour})
	if err := os.Truncate(filepath.Join(dir, "onstream.json"), 1<<30); err != nil {
		t.Fatal(err)
	}
	want := "the behaviour in " + dir + ": onstream.json: it has more than 256 KiB: shorten it"
	if _, err := project.Read(dir); err == nil || err.Error() != want {
		t.Errorf("it gives %v, not %s", err, want)
	}
}
