//go:build unix

package project_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/onstream/onstream/wasm/host"
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

// A module takes the place of no more than a file, and of none that the project is made of; nothing is compiled for it then.
func TestBuildOntoWhatIsThere(t *testing.T) {
	t.Parallel()
	const (
		other = ": name a file for the module"
		owned = " is a file of the project: name another one for the module, such as @/bare.wasm"
	)
	dir := folder(t, map[string]string{"onstream.json": `{"name": "bare"}`, "main.go": goBehaviour, "tests/x.json": "{}", "README.md": "it", ".env": "it"})
	elsewhere := t.TempDir()
	pipe, socket := filepath.Join(elsewhere, "pipe"), filepath.Join(elsewhere, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // nothing hangs on it
	for name, to := range map[string]string{"to pipe": pipe, "nowhere": filepath.Join(elsewhere, "none"), "to source": filepath.Join(dir, "main.go")} {
		if err := os.Symlink(to, filepath.Join(elsewhere, name)); err != nil {
			t.Fatal(err)
		}
	}
	for out, want := range map[string]string{
		pipe:                                  pipe + " is a named pipe, not a file" + other,
		socket:                                socket + " is a socket, not a file" + other,
		elsewhere:                             elsewhere + " is a folder, not a file" + other,
		filepath.Join(elsewhere, "to pipe"):   filepath.Join(elsewhere, "to pipe") + " is a named pipe, not a file" + other,
		filepath.Join(elsewhere, "nowhere"):   filepath.Join(elsewhere, "nowhere") + " is a link that leads nowhere: remove it, or name another file for the module",
		filepath.Join(elsewhere, "to source"): filepath.Join(elsewhere, "to source") + owned,
		filepath.Join(dir, "main.go"):         "@/main.go" + owned,
		filepath.Join(dir, "onstream.json"):   "@/onstream.json" + owned,
		filepath.Join(dir, "tests/x.json"):    "@/tests/x.json" + owned,
		filepath.Join(dir, "README.md"):       "@/README.md" + owned,
		filepath.Join(dir, ".env"):            "@/.env" + owned,
	} {
		before, err := os.Lstat(out)
		if err != nil {
			t.Fatal(err)
		}
		want = strings.ReplaceAll("build @: "+want, "@", dir)
		if err := project.Build(t.Context(), dir, out); err == nil || err.Error() != want {
			t.Errorf("it gives %v, not %s", err, want)
		}
		if after, err := os.Lstat(out); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is another one, %v", out, err)
		}
	}
	// Where a link leads to a file, the module takes its place, and the link stays.
	file, link := filepath.Join(dir, "old.wasm"), filepath.Join(elsewhere, "to file")
	write(t, file, "an old one")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := project.Build(t.Context(), dir, link); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	if d, err := host.Inspect(read(t, file)); err != nil || d.Manifest.Name != "bare" {
		t.Errorf("the file is %+v, %v", d, err)
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
