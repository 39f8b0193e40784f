package wasm

import (
	"path/filepath"

	"github.com/onstream/onstream/plugins"
)

// Config says how modules are run.
type Config struct {
	// CacheDir is where compiled modules are kept, and those that were built of folders; "" for nowhere: then each start compiles
	// them, and no folder can be built.
	CacheDir string
	// Building is called before a module is built of a folder, which may take a while; nil for nobody.
	Building func(folder string)
}

// Register adds the kind "wasm" to r.
func Register(r *plugins.Registry, c Config) error {
	l := &library{cacheDir: c.CacheDir}
	if c.CacheDir != "" {
		l.builds.dir = filepath.Join(c.CacheDir, "built")
	}
	if l.builds.building = c.Building; c.Building == nil {
		l.builds.building = func(string) {}
	}
	return r.AddTransform(kind(l))
}
