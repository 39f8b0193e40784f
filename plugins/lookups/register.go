package lookups

import "github.com/onstream/onstream/plugins"

// Register adds the built-in kinds of look-ups to r.
func Register(r *plugins.Registry) error { return r.AddLookup(fileKind()) }
