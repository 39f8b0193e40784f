package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// works loads a module that returns what it is given, and gives it something.
func works(b wasmtest.Behaviour, c host.Config) error {
	ctx, text := context.Background(), "it"
	m, err := host.Load(ctx, b.Bytes(), c)
	if err != nil {
		return err
	}
	i, err := m.Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
	if err != nil {
		return errors.Join(err, m.Close(ctx))
	}
	out, err := process(i, text)
	if err == nil && string(out) != text {
		err = fmt.Errorf("it returns %q", out)
	}
	return errors.Join(err, m.Close(ctx))
}

// compiled returns the files with what is compiled of modules.
func compiled(t *testing.T, cacheDir string) (files []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(cacheDir, "compiled", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if filepath.Ext(name) == "" {
			files = append(files, name)
		}
	}
	return files
}

// Compiled modules are kept for their owner alone, and are found again.
func TestKept(t *testing.T) {
	t.Parallel()
	c := config()
	c.CacheDir = filepath.Join(t.TempDir(), "cache")
	var first os.FileInfo
	for range 2 {
		if err := works(processing(echo), c); err != nil {
			t.Fatal(err)
		}
		files := compiled(t, c.CacheDir)
		if len(files) != 1 {
			t.Fatalf("there are %v", files)
		}
		info, err := os.Stat(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !os.SameFile(first, info) {
			t.Error("it is compiled once more")
		}
		first = info
	}
	if info, err := os.Stat(c.CacheDir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(c.CacheDir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := works(processing(echo), c); err == nil || !strings.Contains(err.Error(), "others may write to "+c.CacheDir+", and what is in it is executed: chmod 700 it") {
		t.Errorf("a folder for everybody gives %v", err)
	}
}

// What is executed belongs to who executes it.
func TestFolderOfAnotherUser(t *testing.T) {
	t.Parallel()
	dir := string(filepath.Separator) // of root
	switch {
	case runtime.GOOS == "windows":
		t.Skip("users are no numbers here")
	case os.Geteuid() == 0:
		if dir = t.TempDir(); os.Chown(dir, 4711, 4711) != nil {
			t.Skip("folders cannot be given away here")
		}
	}
	if err := host.OwnFolder(dir); err == nil || !strings.Contains(err.Error(), dir+" belongs to another user (") {
		t.Errorf("it gives %v", err)
	}
}

// Whatever has become of a compiled module that is kept, the module works: it is compiled anew, and kept as before.
func TestDamagedIsCompiledAnew(t *testing.T) {
	t.Parallel()
	c := config()
	c.CacheDir = t.TempDir()
	if err := works(processing(echo), c); err != nil {
		t.Fatal(err)
	}
	file := compiled(t, c.CacheDir)[0]
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damages := map[string][]byte{"empty": {}, "longer": append(bytes.Clone(whole), 0)}
	for _, size := range []int{1, 10, len(whole) / 2, len(whole) - 1} {
		damages[fmt.Sprintf("cut off at %d", size)] = whole[:size]
	}
	for at := 0; at < len(whole); at += max(1, min(at+1, len(whole)/100)) { // the beginning has the offsets
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x55
		damages[fmt.Sprintf("byte %d", at)] = flipped
	}
	for what, damage := range damages {
		if err := os.WriteFile(file, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := works(processing(echo), c); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, whole) {
			t.Errorf("%s: %d bytes are kept, %v", what, len(now), err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(c.CacheDir, "elsewhere"), file); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if err := works(processing(echo), c); err != nil {
		t.Errorf("a link: %v", err)
	}
}

// Processes that begin at the same time share what is kept.
func TestKeptByMany(t *testing.T) {
	t.Parallel()
	c := config()
	c.Limits = host.DefaultLimits()
	c.CacheDir = t.TempDir()
	done := make(chan error)
	const many = 8
	for range many {
		go func() {
			var err error
			for range 5 {
				err = errors.Join(err, works(processing(echo), c))
			}
			done <- err
		}()
	}
	for range many {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A module that nobody has used for a month goes when another one comes.
func TestUnusedGoes(t *testing.T) {
	t.Parallel()
	c := config()
	c.CacheDir = t.TempDir()
	if err := works(processing(echo), c); err != nil {
		t.Fatal(err)
	}
	unused := filepath.Dir(filepath.Dir(compiled(t, c.CacheDir)[0]))
	long := time.Now().Add(-31 * 24 * time.Hour)
	if err := os.Chtimes(unused, long, long); err != nil {
		t.Fatal(err)
	}
	if err := works(processing(echo), c); err != nil { // now it is used
		t.Fatal(err)
	}
	if err := works(processing(echo, []byte{0x01}), c); err != nil {
		t.Fatal(err)
	}
	if n := len(compiled(t, c.CacheDir)); n != 2 {
		t.Fatalf("%d are kept", n)
	}
	if err := os.Chtimes(unused, long, long); err != nil {
		t.Fatal(err)
	}
	if err := works(processing(echo, []byte{0x01, 0x01}), c); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(unused); !errors.Is(err, os.ErrNotExist) || len(compiled(t, c.CacheDir)) != 2 {
		t.Errorf("%v are kept, %v", compiled(t, c.CacheDir), err)
	}
}
