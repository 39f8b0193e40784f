package expr

import "github.com/onstream/onstream/plugins"

// guardFunctions are the ways to deal with what may be null or fail. They are
// part of the language: the compiler knows them by name.
func guardFunctions() []*Function {
	optional := plugins.Type{}
	lazy := func(f *Function) *Function {
		f.Lazy = true
		return f
	}
	form := func(names string, variadic bool, result plugins.Type, types ...plugins.Type) Signature {
		s := signature(names, result, types...)
		s.Variadic = variadic
		return s
	}
	return []*Function{
		lazy(define("default", "guards", "Returns value, or other where value is null. Other is computed only where it is needed.",
			example(`default(null, 5)`, `5`, `default("a", "b")`, `"a"`),
			form("value, other", false, optional, optional, optional))),
		lazy(define("coalesce", "guards", "Returns the first value that is not null, and null if there is none.",
			example(`coalesce(null, "b", "c")`, `"b"`),
			form("value", true, optional, optional))),
		lazy(define("try", "guards", "Returns the first value that can be computed. Where none can, the failure of the last one counts.",
			example(`try(int("x"), 0)`, `0`, `try(parse_float("2.5"), 0)`, `2.5`),
			form("value", true, optional, optional))),
		lazy(define("can", "guards", "Returns whether value can be computed.",
			example(`can(int("12"))`, `true`, `can(int("x"))`, `false`),
			form("value", false, plugins.Of(plugins.Bool), optional))),
		lazy(define("has", "guards", "Returns whether the record has the field and it is not null.",
			example(`[for r in [{ a = 1 }, { b = 2 }] : has(r.a)]`, `[true,false]`),
			form("field", false, plugins.Of(plugins.Bool), optional))),
	}
}
