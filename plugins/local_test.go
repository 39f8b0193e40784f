package plugins_test

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// reading is an expression that reads fields.
type reading []plugins.Field

func (r reading) Type() plugins.Type                      { return plugins.Type{} }
func (r reading) Reads() []plugins.Field                  { return r }
func (r reading) Evaluator(plugins.Env) plugins.Evaluator { return nil }
func (r reading) String() string                          { return "reading" }
func (r reading) Range() string                           { return "test.hcl:1,1-2" }

func TestLocalReads(t *testing.T) {
	t.Parallel()
	number, text := plugins.Of(plugins.Int), plugins.Of(plugins.String)
	exprs := []plugins.Expr{
		reading{{Name: plugins.LocalPath("last", "v"), Type: number}, {Name: "v", Type: text}, {Name: plugins.LocalPath("state", "n"), Type: number}},
		reading{{Name: plugins.LocalPath("first", "v"), Type: number.OrNull()}, {Name: plugins.LocalPath("first", "a/b", "c"), Type: text}},
	}
	for want, roots := range map[string][]string{
		"[{a/b string} {v optional(int)}]": {"first", "last"},
		"[{v int}]":                        {"last"},
		"[]":                               {"event"},
	} {
		if got := fmt.Sprint(plugins.LocalReads(exprs, roots...)); got != want {
			t.Errorf("of %v: %s, want %s", roots, got, want)
		}
	}
}
