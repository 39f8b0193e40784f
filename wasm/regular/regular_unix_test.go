//go:build unix

package regular_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/onstream/onstream/wasm/regular"
)

// What is no file is told for what it is, and not opened; what is one is read as far as it may be long, also behind a link.
func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("pipe"), at("link")); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() }) //nolint:errcheck // nothing hangs on it
	for path, want := range map[string]string{
		at("pipe"):   at("pipe") + " is a named pipe, not a file",
		at("link"):   at("link") + " is a named pipe, not a file",
		at("socket"): at("socket") + " is a socket, not a file",
		"/dev/zero":  "/dev/zero is a device, not a file",
		dir:          dir + " is a folder, not a file",
	} {
		if _, err := regular.Read(path, 10); err == nil || err.Error() != want {
			t.Errorf("it gives %v, not %s", err, want)
		}
	}
	if err := os.WriteFile(at("text"), []byte("some text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("text"), at("other")); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]string{100: "some text", 9: "some text", 3: "some"} {
		if got, err := regular.Read(at("other"), limit); err != nil || string(got) != want {
			t.Errorf("of at most %d bytes it reads %q, %v", limit, got, err)
		}
	}
}
