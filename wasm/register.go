package wasm

import "github.com/onstream/onstream/plugins"

// Config says how modules are run.
type Config struct {
	// CacheDir is where compiled modules are kept, "" for nowhere: then each start compiles them.
	CacheDir string
}

// Register adds the kind "wasm" to r.
func Register(r *plugins.Registry, c Config) error {
	return r.AddTransform(kind(&library{cacheDir: c.CacheDir}))
}
