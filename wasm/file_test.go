package wasm_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/onstream/onstream/wasm"
)

// Where others may write to what is kept, nothing is taken from it: a folder is built in another one, or it is told.
func TestBuiltAndNotKept(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the rights of folders are told in other ways here")
	}
	dir, once := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"onstream.json": "{}", "main.go": `package main

import onstream "github.com/onstream/onstream/wasm/sdk/go"

var _ = onstream.Register(onstream.Behaviour{Records: func(*onstream.Records, *onstream.Output) error { return nil }})

func main() {}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, below := range []string{"", "built"} {
		cache := t.TempDir()
		of := filepath.Join(cache, below)
		if err := errors.Join(os.MkdirAll(of, 0o700), os.Chmod(of, 0o777)); err != nil { //nolint:gosec // that is what is refused
			t.Fatal(err)
		}
		want := "others may write to " + of + ", and what is in it is executed: chmod 700 it, or name another folder"
		c := wasm.Config{CacheDir: cache}
		if file, err := c.File(t.Context(), dir); err == nil || err.Error() != "keep the module of "+dir+": "+want {
			t.Errorf("it gives %s, %v, not %s", file, err, want)
		}
		var told error
		c.Unkept = func(why error) (string, error) {
			told = why
			return once, nil
		}
		file, err := c.File(t.Context(), dir)
		if err != nil || filepath.Dir(file) != once {
			t.Errorf("it is built in %s, %v", file, err)
		}
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
		if told == nil || told.Error() != want {
			t.Errorf("what is told is %v, not %s", told, want)
		}
	}
}
