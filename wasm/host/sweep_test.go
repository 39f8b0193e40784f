package host_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/host"
)

// What is old goes, and what is too much, those first that were not used for longest. What was used last stays, and what may be in
// use, however much it is.
func TestSweepFolder(t *testing.T) {
	t.Parallel()
	const (
		day = 24 * time.Hour
		mib = 1 << 20
	)
	type thing struct {
		name   string // with a slash, in a folder
		size   int64
		unused time.Duration
	}
	for name, c := range map[string]struct {
		things []thing
		want   []string
	}{
		"nothing":         {nil, nil},
		"old":             {[]thing{{"a", 1, 29 * day}, {"b", 1, 31 * day}, {"c/d", 1, 31 * day}, {"e/f", 1, 0}}, []string{"a", "e"}},
		"all are old":     {[]thing{{"a", 1, 40 * day}, {"b", 1, 31 * day}}, []string{"b"}},
		"large":           {[]thing{{"a", 500 * mib, 3 * day}, {"b/x", 500 * mib, 2 * day}, {"c", 500 * mib, day}}, []string{"b", "c"}},
		"very large":      {[]thing{{"a", 1, day}, {"b", 2000 * mib, 0}}, []string{"b"}},
		"large, in use":   {[]thing{{"a", 800 * mib, 9 * time.Minute}, {"b/x", 800 * mib, time.Minute}, {"c", 800 * mib, 11 * time.Minute}, {"d", 1, 31 * day}}, []string{"a", "b"}},
		"within the size": {[]thing{{"a", 512 * mib, 2 * day}, {"b", 512 * mib, day}}, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, thing := range c.things {
				file := filepath.Join(dir, thing.name)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(file, thing.size); err != nil { // without taking room on the disk
					t.Skip(err)
				}
				top := file
				if filepath.Dir(file) != dir {
					top = filepath.Dir(file)
				}
				at := time.Now().Add(-thing.unused)
				if err := os.Chtimes(top, at, at); err != nil {
					t.Fatal(err)
				}
			}
			host.SweepFolder(dir)
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var stay []string
			for _, e := range entries {
				stay = append(stay, e.Name())
			}
			if !slices.Equal(stay, c.want) {
				t.Errorf("%v stay, not %v", stay, c.want)
			}
		})
	}
}

// Processes that sweep take nothing from those that load, however much there is.
func TestSweepBesideLoaders(t *testing.T) {
	t.Parallel()
	c := config()
	c.Limits = host.DefaultLimits()
	c.CacheDir = t.TempDir()
	all := filepath.Join(c.CacheDir, "compiled")
	large, later := filepath.Join(all, "large"), time.Now().Add(time.Hour)
	if err := errors.Join(os.Mkdir(all, 0o700), os.WriteFile(large, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 2<<30); err != nil { // without taking room on the disk
		t.Skip(err)
	}
	if err := os.Chtimes(large, later, later); err != nil { // so that all else is too much
		t.Fatal(err)
	}
	var loaders, sweeper sync.WaitGroup
	ended := make(chan struct{})
	sweeper.Go(func() {
		for {
			select {
			case <-ended:
				return
			default:
				host.SweepFolder(all)
			}
		}
	})
	for k := range 4 {
		loaders.Go(func() {
			for n := range 25 {
				if err := works(processing(echo, bytes.Repeat([]byte{0x01}, 25*k+n)), c); err != nil { // each another module
					t.Error(err)
				}
			}
		})
	}
	loaders.Wait()
	close(ended)
	sweeper.Wait()
}

// What is old and cannot be removed keeps nobody from what is new, nor from removing what else is old.
func TestWhatCannotBeRemoved(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("whatever the rights of a folder are, it can be removed here")
	}
	c := config()
	c.CacheDir = t.TempDir()
	longAgo := time.Now().Add(-40 * 24 * time.Hour)
	var things []string
	for _, name := range []string{"a", "b"} {
		dir := filepath.Join(c.CacheDir, "compiled", name)
		things = append(things, dir)
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "x"), nil, 0o600), os.Chtimes(dir, longAgo, longAgo)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(things[0], 0o500); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(things[0], 0o700) }) //nolint:gosec // so that it can be removed
	if err := works(processing(echo), c); err != nil {
		t.Error(err)
	}
	for k, stays := range []bool{true, false} {
		if _, err := os.Stat(things[k]); (err == nil) != stays {
			t.Errorf("%s: %v", things[k], err)
		}
	}
}
