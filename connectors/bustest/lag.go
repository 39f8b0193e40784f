package bustest

import "github.com/onstream/onstream/plugins"

// Lags returns what reports whether a source knows that so many records wait for it.
func Lags(s plugins.Source, want int64) func() bool {
	return func() bool {
		n, known := s.(plugins.Lagging).Lag()
		return known && n == want
	}
}
