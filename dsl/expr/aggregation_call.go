package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// aggregatePrefix begins the names of aggregate functions.
const aggregatePrefix = "agg::"

// isAggregate reports whether a name is that of an aggregate function, if there
// is one.
func isAggregate(name string) bool { return strings.HasPrefix(name, aggregatePrefix) }

// call compiles a call of an aggregate function; false where it is wrong.
func (a *aggregator) call(e *hclsyntax.FunctionCallExpr) (result, bool) {
	f, ok := aggregate.Find(strings.TrimPrefix(e.Name, aggregatePrefix))
	switch {
	case !ok:
		return a.fail(e.NameRange, "unknown function", "%s", unknownAggregate(e.Name))
	case e.ExpandFinal || !takes(f, len(e.Args)):
		return a.fail(e.Range(), "wrong number of arguments", "it is %s%s; %d given", aggregatePrefix, f.Usage(), len(e.Args))
	}
	call := plugins.AggregateCall{Func: f.Name, Range: e.Range().String()}
	before := len(a.diags)
	var types []plugins.Type
	for i, arg := range e.Args {
		if f.Params[i].Constant {
			call.Params = append(call.Params, a.constant(f.Params[i].Name, arg))
			continue
		}
		x, diags := Compile(arg, &a.record)
		a.diags = append(a.diags, diags...)
		if x != nil {
			call.Args, types = append(call.Args, x), append(types, x.Type())
		}
	}
	if a.diags[before:].HasErrors() {
		return result{}, false
	}
	if err := f.Check(call.Params); err != nil {
		return a.fail(e.Range(), "not a right argument", "%s", err)
	}
	var err error
	if call.Type, err = f.Result(types); err != nil {
		return a.fail(e.Range(), "wrong type of argument", "%s", err)
	}
	return a.slot(call), true
}

// isMeant reports whether a call of something else, of which rest is what is
// left without aggregates, was meant as an aggregate: it is called like one, and
// is about a single record or about nothing.
func (a *aggregator) isMeant(e *hclsyntax.FunctionCallExpr, rest hclsyntax.Expression) bool {
	f, ok := aggregate.Find(e.Name)
	if !ok || !takes(f, len(e.Args)) {
		return false
	}
	return len(e.Args) == 0 || slices.ContainsFunc(rest.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "event" })
}

// slot returns where the result of a call is found. Equal calls have one.
func (a *aggregator) slot(call plugins.AggregateCall) result {
	form := call.String()
	r, ok := a.slots[form]
	if !ok {
		r = result{call.Type, plugins.AggregatePath(len(a.calls))}
		a.slots[form] = r
		a.calls = append(a.calls, call)
	}
	return r
}

// constant evaluates an argument that is fixed by the function's definition.
func (a *aggregator) constant(name string, e hclsyntax.Expression) plugins.Value {
	c := newCompiler(&a.record)
	if !c.isStatic(e) {
		a.fail(e.Range(), "not a constant", "%s is fixed when the pipeline is built; write a constant, or a var", name)
		return plugins.Value{}
	}
	n := c.fold(e)
	a.diags = append(a.diags, c.diags...)
	if n.invalid {
		return plugins.Value{}
	}
	return *n.value
}

func (a *aggregator) fail(at hcl.Range, summary, detail string, args ...any) (result, bool) {
	a.diags = append(a.diags, problem(at, summary, detail, args...))
	return result{}, false
}

// takes reports whether an aggregate function can be called with n arguments.
func takes(f aggregate.Function, n int) bool {
	least := slices.IndexFunc(f.Params, func(p aggregate.Param) bool { return p.Optional })
	if least < 0 {
		least = len(f.Params)
	}
	return least <= n && n <= len(f.Params)
}

// unknownAggregate says what might have been meant.
func unknownAggregate(name string) string {
	var names []string
	for _, f := range aggregate.All() {
		names = append(names, aggregatePrefix+f.Name)
	}
	return fmt.Sprintf("there is no function %s%s; there are %s", name, didYouMean(name, names), strings.Join(names, ", "))
}
