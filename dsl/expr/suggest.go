package expr

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest returns the candidate that a misspelt name most likely meant, and
// whether one is near enough to be worth a "did you mean".
func Suggest(name string, candidates []string) (string, bool) {
	allowed := 1
	switch {
	case len(name) > 8:
		allowed = 3
	case len(name) > 3:
		allowed = 2 // two letters swapped
	}
	best, bestDistance := "", allowed+1
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c, true
		}
		d := levenshtein.Distance(name, c, nil)
		if d < bestDistance || d == bestDistance && c < best {
			best, bestDistance = c, d
		}
	}
	return best, bestDistance <= allowed && bestDistance < len(name)
}

// didYouMean returns "; did you mean x?" or nothing.
func didYouMean(name string, candidates []string) string {
	if s, ok := Suggest(name, candidates); ok {
		return "; did you mean " + s + "?"
	}
	return ""
}
