package cli

import "github.com/onstream/onstream/plugins"

// literal is a text of the command line in the place of an expression. Kinds look at it;
// nobody computes it.
type literal string

var _ plugins.Expr = literal("")

// Type implements [plugins.Expr].
func (literal) Type() plugins.Type { return plugins.Of(plugins.String) }

// Reads implements [plugins.Expr].
func (literal) Reads() []plugins.Field { return nil }

// Evaluator implements [plugins.Expr].
func (literal) Evaluator(plugins.Env) plugins.Evaluator { return nil }

// String implements [plugins.Expr].
func (l literal) String() string { return string(l) }

// Range implements [plugins.Expr].
func (literal) Range() string { return "" }

// Constant implements [plugins.Constant].
func (l literal) Constant() (plugins.Value, bool) {
	return plugins.Value{Kind: plugins.String, Text: string(l)}, true
}
