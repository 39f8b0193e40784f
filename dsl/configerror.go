package dsl

import (
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// configError reports what a kind or format has found, at the attribute that
// it is about. What is due to a value that is not known yet is not reported.
func (b *builder) configError(s *stage, under string, err error) {
	s.broken = true
	path, msg := "", err.Error()
	var ce *plugins.ConfigError
	if errors.As(err, &ce) {
		path, msg = ce.Path, ce.Msg
	}
	full := path
	if _, own := s.places[path]; under != "" && path != "" && !own {
		full = under + path
	}
	for guessed := range s.guessed {
		if full == guessed || strings.HasPrefix(full, guessed+".") || strings.HasPrefix(guessed, full+".") || full == "" {
			return
		}
	}
	b.fail(s.rangeOf(full), "invalid configuration", "%s", msg)
}

// rangeOf finds the place of a path such as "output[hot].when", or of the
// nearest thing around it.
func (s *stage) rangeOf(path string) hcl.Range {
	for path != "" {
		if r, ok := s.places[path]; ok {
			return r
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return s.block.DefRange()
}
