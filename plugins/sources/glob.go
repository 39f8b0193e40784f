package sources

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// checkPatterns finds patterns that can match nothing.
func checkPatterns(patterns []string) error {
	if len(patterns) == 0 {
		return plugins.ConfigErrorf("path", "no path: name a file or a pattern such as \"data/*.json\"")
	}
	for _, p := range patterns {
		if p == "" {
			return plugins.ConfigErrorf("path", "a path is empty: name a file or a pattern such as \"data/*.json\"")
		}
		if _, err := filepath.Match(p, ""); err != nil && !exists(p) {
			return plugins.ConfigErrorf("path", "%q is not a pattern: a [ has no ]", p)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// matchFiles returns the files that the patterns name, each once, sorted.
// Names without wildcards are among them whether the file exists or not.
func matchFiles(patterns []string) ([]string, error) {
	var paths []string
	for _, p := range patterns {
		if !strings.ContainsAny(p, "*?[") || exists(p) {
			paths = append(paths, filepath.Clean(p))
			continue
		}
		found, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("match %q: %w", p, err)
		}
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && !info.IsDir() {
				paths = append(paths, filepath.Clean(f))
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// errNoFiles says that patterns match nothing.
func errNoFiles(patterns []string) error {
	wd, err := os.Getwd()
	if err != nil {
		return errors.New("no file matches " + quoteAll(patterns))
	}
	return fmt.Errorf("no file matches %s: check the path, which is relative to %s, or set follow = true to wait for one", quoteAll(patterns), wd)
}

func quoteAll(ss []string) string {
	quoted := make([]string, len(ss))
	for i, s := range ss {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(quoted, ", ")
}
