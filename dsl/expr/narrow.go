package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// facts are references that are known not to be null, as "event/gps/lat" or
// "meta/key". What has a part that is not null is not null either.
type facts map[string]bool

func (f facts) union(g facts) facts {
	if len(f) == 0 {
		return g
	}
	u := maps.Clone(f)
	maps.Copy(u, g)
	return u
}

func (f facts) intersection(g facts) facts {
	both := facts{}
	for name := range f {
		if g.known(name) {
			both[name] = true
		}
	}
	for name := range g {
		if f.known(name) {
			both[name] = true
		}
	}
	return both
}

// known reports whether what a reference names is not null.
func (f facts) known(name string) bool {
	if f[name] {
		return true
	}
	for deeper := range f {
		if strings.HasPrefix(deeper, name+"/") {
			return true
		}
	}
	return false
}

// under compiles with more known.
func (c *compiler) under(known facts, compile func() *node) *node {
	outer := c.facts
	c.facts = outer.union(known)
	n := compile()
	c.facts = outer
	return n
}

// narrowing returns what is not null where e is true, and where it is false.
func (c *compiler) narrowing(e hclsyntax.Expression) (whenTrue, whenFalse facts) {
	known, ok := c.narrowings[e]
	if !ok {
		known[0], known[1] = c.findNarrowing(e)
		c.narrowings[e] = known
	}
	return known[0], known[1]
}

func (c *compiler) findNarrowing(e hclsyntax.Expression) (whenTrue, whenFalse facts) {
	switch e := unwrap(e).(type) {
	case *hclsyntax.UnaryOpExpr:
		if operatorOf(e.Op) == opNot {
			whenTrue, whenFalse = c.narrowing(e.Val)
			return whenFalse, whenTrue
		}
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "has" && len(e.Args) == 1 {
			if name, ok := c.fieldName(e.Args[0]); ok {
				return facts{name: true}, nil
			}
		}
	case *hclsyntax.BinaryOpExpr:
		switch o := operatorOf(e.Op); o {
		case opAnd, opOr:
			lt, lf := c.narrowing(e.LHS)
			rt, rf := c.narrowing(e.RHS)
			if o == opAnd {
				return lt.union(rt), lf.intersection(rf)
			}
			return lt.intersection(rt), lf.union(rf)
		case opEq, opNe:
			whenTrue, whenFalse = c.equalityNarrowing(e.LHS, e.RHS)
			if o == opNe {
				return whenFalse, whenTrue
			}
			return whenTrue, whenFalse
		}
	}
	return nil, nil
}

// equalityNarrowing is the narrowing of a reference == a constant.
func (c *compiler) equalityNarrowing(l, r hclsyntax.Expression) (whenTrue, whenFalse facts) {
	name, ok := c.fieldName(l)
	other := r
	if !ok {
		name, ok = c.fieldName(r)
		other = l
	}
	if !ok || !c.isStatic(other) {
		return nil, nil
	}
	v, diags := c.evaluate(other)
	switch {
	case diags.HasErrors() || !v.IsKnown():
		return nil, nil
	case v.IsNull():
		return nil, facts{name: true}
	}
	return facts{name: true}, nil
}

// fieldName returns what e names where it is one reference to a field.
func (c *compiler) fieldName(e hclsyntax.Expression) (string, bool) {
	t, ok := unwrap(e).(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return "", false
	}
	root := t.Traversal.RootName()
	l, isLocal := c.scope.local(root)
	ofRecord := root == "event" || root == "meta"
	if !isLocal && !ofRecord || len(t.Traversal) < 2 && !l.single() {
		return "", false
	}
	names := []string{root}
	for _, step := range t.Traversal[1:] {
		name, ok := stepName(step)
		if !ok {
			return "", false
		}
		names = append(names, name)
	}
	return plugins.JoinPath(names...), true
}

// narrowed reports whether e is a reference that was found not to be null.
func (c *compiler) narrowed(e hclsyntax.Expression) bool {
	name, ok := c.fieldName(e)
	return ok && c.facts.known(name)
}

// Narrow returns the type of those records of type t for which the expression
// is true.
func (e *Expr) Narrow(t plugins.Type) plugins.Type {
	for name := range e.facts {
		if path := plugins.SplitPath(name); path[0] == "event" {
			t = withoutNull(t, path[1:])
		}
	}
	return t
}

// withoutNull returns t with null taken away along a path of fields.
func withoutNull(t plugins.Type, path []string) plugins.Type {
	if len(path) == 0 {
		return t.NotNull()
	}
	t.Fields = slices.Clone(t.Fields)
	for i, f := range t.Fields {
		if f.Name == path[0] {
			t.Fields[i].Type = withoutNull(f.Type.NotNull(), path[1:])
		}
	}
	return t
}

// isString returns the string that a known key is.
func isString(v cty.Value) (string, bool) {
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
