package plugins

import "context"

// LookupKind is a kind of place in which a stage looks things up.
type LookupKind struct {
	Name   string
	Schema Schema
	Via    string // as in [SourceKind], of the stage that looks up
	// Type returns the type of the records that are found: a Record, or Any
	// where that is not known.
	Type func(Config) (Type, error)
	New  func(Config, Env) (Lookup, error)
}

// Lookup finds what is known elsewhere about keys. Its caller bounds time and
// concurrency, and may keep answers for a while.
type Lookup interface {
	// Find asks for several keys at once and calls found, from its own
	// goroutine and before it returns, for each that was found, with its index
	// and the record as JSON text, valid during the call. An error says that
	// nothing is known about any of them; one that is not [Permanent] may pass.
	// Find is safe for concurrent use.
	Find(ctx context.Context, keys []Value, found func(i int, record []byte)) error
}

// Versioned is a lookup whose answers change all at once, such as when its
// file does: what was kept of another version is outdated.
type Versioned interface{ Version() int64 }
