package wasm

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

// Config says how modules are run.
type Config struct {
	// CacheDir is where compiled modules are kept, and those that were built of folders; "" for nowhere: then each start compiles
	// them, and no folder can be built.
	CacheDir string
	// Building is called before a module is built of a folder, which may take a while; nil for nobody.
	Building func(folder string)
	// Unkept is called where modules that are built of folders cannot be kept in CacheDir, with what keeps them from it, and returns
	// another folder for them; nil for an error in place of that.
	Unkept func(why error) (folder string, err error)
	// Context ends what is being built of folders for stages, and keeps more from being built: when the process is to end. No stage
	// waits then for its module to be compiled, either; stages that have theirs go on. Nil never ends.
	Context context.Context
}

// Register adds the kind "wasm" to r.
func Register(r *plugins.Registry, c Config) error {
	return r.AddTransform(kind(&library{cacheDir: c.CacheDir, builds: builds{config: c}}))
}
