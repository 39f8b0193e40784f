package wasm

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/project"
)

// File returns the file of a module: the path, or where that is the folder of a behaviour's project, what is built of it, unless
// the folder for what is kept has that.
func (c Config) File(ctx context.Context, path string) (string, error) {
	if !isFolder(path) {
		return path, nil // who reads it tells what is wrong with it
	}
	p, err := project.Read(path)
	if err != nil {
		return "", err
	}
	dir := ""
	if c.CacheDir != "" {
		dir = filepath.Join(c.CacheDir, "built")
	}
	return p.Cached(ctx, dir, func() {
		if c.Building != nil {
			c.Building(path)
		}
	})
}

// Read reads the file of a module, as far as a module may be long: what is longer is refused by who looks at it.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: make a module of it with onstream module build, and name that", path)
	case !info.Mode().IsRegular(): // one of those that may be opened only when somebody writes
		return nil, fmt.Errorf("%s is no file: name the one that the compiler wrote", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(f, int64(binary.DefaultBounds().Size)+1))
}
