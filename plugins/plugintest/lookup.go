package plugintest

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

// LookupCase is a kind of look-up to be tested.
type LookupCase struct {
	Kind plugins.LookupKind
	// Open prepares a place of its own to look in, for each check.
	Open func(t testing.TB) Place
}

// Place is where is looked in one check.
type Place struct {
	Config plugins.Config
	Env    plugins.Env // what it lacks is added
	// New makes the look-up, where that is not the kind's New.
	New func(plugins.Config, plugins.Env) (plugins.Lookup, error)
	// Known are keys that are found, with their records as JSON text, and Unknown those that are not. At least two
	// and one.
	Known   []Entry
	Unknown []plugins.Value
	// Stall makes answers wait for ever, and Free ends that. Nil where that cannot be done.
	Stall, Free func()
	// Break makes looking fail for a while, and Mend ends that. Nil where that cannot be done.
	Break, Mend func()
	// Close ends what Open has begun in the name of the look-up. It may be nil. A connection in Env is closed in any case.
	Close func()
}

// Entry is a key and what is known of it.
type Entry struct {
	Key    plugins.Value
	Record string
}

// Lookup tests a kind of look-up.
func Lookup(t *testing.T, c LookupCase) {
	t.Helper()
	run(t, "lookup", c.Kind.Name, lookupChecks(), c)
}

func lookupChecks() []check[LookupCase] {
	return []check[LookupCase]{
		{"kind", always[LookupCase], lookupKind},
		{"find", always[LookupCase], lookupFind},
		{"strange_keys", always[LookupCase], lookupStrangeKeys},
		{"concurrent", always[LookupCase], lookupConcurrent},
		{"stop", always[LookupCase], lookupStop},
		{"temporary", always[LookupCase], lookupTemporary},
	}
}
