package wasm

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/project"
	"github.com/onstream/onstream/wasm/regular"
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
	if isFolder(path) {
		return nil, fmt.Errorf("%s is a folder: make a module of it with onstream module build, and name that", path)
	}
	return regular.Read(path, int64(binary.DefaultBounds().Size))
}
