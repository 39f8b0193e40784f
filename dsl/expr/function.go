package expr

import (
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty/function"

	"github.com/onstream/onstream/plugins"
)

// Function is a function of the language. It is declared once; the compiler,
// the static evaluator, the reference and completion all use the declaration.
type Function struct {
	Name     string // with its namespace, such as "time::parse"
	Category string // heading of the reference
	Doc      string // one or two sentences
	// Signatures are the ways to call it, in the order in which they are tried.
	Signatures []Signature
	// Pure says that equal arguments give equal results: calls with constants
	// are computed when the pipeline is built.
	Pure bool
	// Fallible says that a call may fail its record.
	Fallible bool
	// Lazy says that arguments are computed as far as they are needed.
	Lazy     bool
	Examples []Example
}

// Example is an expression and what it gives, as JSON.
type Example struct{ Expr, Result string }

// Param is a parameter of a function.
type Param struct {
	Name string
	Type plugins.Type
}

// Signature is a way to call a function.
type Signature struct {
	Params   []Param
	Variadic bool // the last parameter may be given any number of times, but once at least
	Result   plugins.Type

	// resultOf refines Result by the types of the arguments.
	resultOf func(args []plugins.Type) plugins.Type
	// check finds constant arguments that can never be right; others are nil.
	check  func(args []*plugins.Value) (int, error)
	column func(env plugins.Env) columnFunc
	boxed  func(env plugins.Env) boxedFunc
}

// columnFunc computes results for the rows of sel.
type columnFunc func(r *run, sel []uint32, args []*plugins.Column, out *output)

// boxedFunc computes one result.
type boxedFunc func(args []plugins.Value) (plugins.Value, error)

// String writes the signature behind a function's name: (text string) bool.
func (s Signature) String() string {
	params := make([]string, len(s.Params))
	for i, p := range s.Params {
		params[i] = p.Name + " " + p.Type.String()
	}
	list := strings.Join(params, ", ")
	if s.Variadic {
		list += ", ..."
	}
	return "(" + list + ") " + s.Result.String()
}

// table is all functions.
type table struct {
	list   []*Function // sorted by name
	byName map[string]*Function
	// static is the functions in the form that [Static] uses. Those that have
	// no value when a pipeline is built say so when they are called.
	static map[string]function.Function
}

// functionTable returns all functions. The table is never changed.
var functionTable = sync.OnceValue(func() *table {
	t := &table{byName: map[string]*Function{}}
	for _, group := range [][]*Function{
		guardFunctions(), stringFunctions(), formatFunctions(), regexFunctions(), numberFunctions(), roundingFunctions(),
		conversionFunctions(), jsonFunctions(), listFunctions(), listNumberFunctions(), recordFunctions(), timeFunctions(), calendarFunctions(),
		geoFunctions(), unitFunctions(), hashFunctions(), codecFunctions(), bytesFunctions(), uuidFunctions(),
	} {
		t.list = append(t.list, group...)
	}
	slices.SortFunc(t.list, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range t.list {
		t.byName[f.Name] = f
	}
	t.static = ctyFunctions(t.list, nil)
	return t
})

// Functions returns all functions, sorted by name: what the reference shows.
func Functions() []*Function { return slices.Clone(functionTable().list) }

// define declares a pure function.
func define(name, category, doc string, examples []Example, signatures ...Signature) *Function {
	f := &Function{Name: name, Category: category, Doc: doc, Examples: examples, Pure: true, Signatures: signatures}
	return f
}

// fallible marks a function as one that may fail its record.
func (f *Function) fallible() *Function {
	f.Fallible = true
	return f
}

// impure marks a function as one that does not depend on its arguments only.
func (f *Function) impure() *Function {
	f.Pure = false
	return f
}

// example makes a list of examples: expression, result, expression, result...
func example(texts ...string) []Example {
	var es []Example
	for i := 0; i < len(texts); i += 2 {
		es = append(es, Example{texts[i], texts[i+1]})
	}
	return es
}
