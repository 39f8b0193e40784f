package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
)

// CompileAggregation compiles an object of expressions over groups of records.
// The arguments of agg:: functions may refer to what the scope has for each
// record (event, meta, setting); everything around them to the scope's locals,
// which are of the group, to settings and to the results of those functions.
// Equal calls are computed once.
func CompileAggregation(e hclsyntax.Expression, s *Scope) (plugins.Aggregation, hcl.Diagnostics) {
	cons, ok := unwrap(e).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return plugins.Aggregation{}, hcl.Diagnostics{problem(e.Range(), "not an object", "write an object with a value for each field: { n = agg::count() }")}
	}
	a := newAggregator(s)
	c := newCompiler(&a.group)
	names := c.names(cons)
	a.diags = append(a.diags, c.diags...)
	var emit []plugins.NamedExpr
	for i, it := range cons.Items {
		before := len(a.diags)
		value := a.cut(it.ValueExpr)
		if a.diags[before:].HasErrors() {
			continue
		}
		x, diags := Compile(value, &a.group)
		a.diags = append(a.diags, diags...)
		emit = append(emit, plugins.NamedExpr{Name: names[i], Expr: x})
	}
	if a.diags.HasErrors() {
		return plugins.Aggregation{}, a.diags
	}
	return plugins.Aggregation{Calls: a.calls, Emit: emit}, a.diags
}

// result is where the result of an aggregate call is found.
type result struct {
	t    plugins.Type
	path plugins.Path
}

// aggregator cuts the calls of aggregate functions out of expressions.
type aggregator struct {
	record Scope // of the arguments
	group  Scope // of everything around them
	calls  []plugins.AggregateCall
	slots  map[string]result // by the normal form of the call
	diags  hcl.Diagnostics
}

func newAggregator(s *Scope) *aggregator {
	a := &aggregator{record: *s, group: *s, slots: map[string]result{}}
	a.record.group, a.record.Locals, a.record.Key = s.Locals, nil, false
	a.record.aggregating = ofRecord
	a.group.Event, a.group.Meta, a.group.Key = nil, false, false
	a.group.results, a.group.aggregating = map[string]result{}, ofGroup
	return a
}

// cut returns the expression with a name in place of each call of an aggregate
// function. The name is the text of the call, so that messages show that.
func (a *aggregator) cut(e hclsyntax.Expression) hclsyntax.Expression {
	call, ok := e.(*hclsyntax.FunctionCallExpr)
	if !ok {
		return rebuilt(e, a.cut)
	}
	if !isAggregate(call.Name) {
		rest := rebuilt(e, a.cut)
		if a.isMeant(call, rest) {
			a.fail(call.Range(), "not an aggregate", "this is computed once for a group of records; write %s%s to have it over all of them", aggregatePrefix, sourceText(call))
		}
		return rest
	}
	r, ok := a.call(call)
	if !ok {
		return e
	}
	text := sourceText(call)
	a.group.results[text] = r
	at := call.Range()
	return &hclsyntax.ScopeTraversalExpr{Traversal: hcl.Traversal{hcl.TraverseRoot{Name: text, SrcRange: at}}, SrcRange: at}
}
