package bustest

import "github.com/onstream/onstream/plugins"

// constant is an expression that is the same text for each record; "" for one that
// is not: then records have topics of their own.
type constant string

// Type implements [plugins.Expr].
func (constant) Type() plugins.Type { return plugins.Of(plugins.String) }

// Reads implements [plugins.Expr].
func (constant) Reads() []plugins.Field { return nil }

// Evaluator implements [plugins.Expr]. The suite fills batches itself.
func (constant) Evaluator(plugins.Env) plugins.Evaluator { return nil }

// String implements [plugins.Expr].
func (c constant) String() string { return string(c) }

// Range implements [plugins.Expr].
func (constant) Range() string { return "" }

// Constant implements [plugins.Constant].
func (c constant) Constant() (plugins.Value, bool) {
	return plugins.Value{Kind: plugins.String, Text: string(c)}, c != ""
}
