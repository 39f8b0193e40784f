package host_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/host"
)

// What is old goes, and what is too much, those first that were not used for longest. What was used last stays.
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
			if err := host.SweepFolder(dir); err != nil {
				t.Fatal(err)
			}
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
