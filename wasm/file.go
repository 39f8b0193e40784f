package wasm

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/host"
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
	dir, err := c.built()
	if err != nil {
		return "", fmt.Errorf("keep the module of %s: %w", path, err)
	}
	return p.Cached(ctx, dir, func() {
		if c.Building != nil {
			c.Building(path)
		}
	})
}

// built returns the folder for the modules that are built, "" for none. What keeps them from being kept is what keeps the
// compiled ones.
func (c Config) built() (string, error) {
	if c.CacheDir == "" {
		return "", nil
	}
	dir := filepath.Join(c.CacheDir, "built")
	err := host.OwnFolder(c.CacheDir)
	if err == nil {
		err = host.OwnFolder(dir)
	}
	if err != nil && c.Unkept != nil {
		return c.Unkept(err)
	}
	return dir, err
}

// Read reads the file of a module, as far as a module may be long: what is longer is refused by who looks at it.
func Read(path string) ([]byte, error) {
	if isFolder(path) {
		return nil, fmt.Errorf("%s is a folder: make a module of it with onstream module build, and name that", path)
	}
	return regular.Read(path, int64(binary.DefaultBounds().Size))
}
