package expr

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
)

// call compiles a function call of which some argument is not static.
func (c *compiler) call(e *hclsyntax.FunctionCallExpr) *node {
	f := c.function(e)
	switch {
	case f == nil:
		return invalid(e.Range())
	case e.ExpandFinal:
		return c.fallback(e, e.Name+"(...)", plugins.Type{})
	case f.Lazy:
		return c.guard(e, f)
	}
	args := make([]*node, len(e.Args))
	types := make([]plugins.Type, len(e.Args))
	for i, a := range e.Args {
		args[i] = c.compile(a)
		if args[i].invalid {
			return args[i]
		}
		types[i] = args[i].t
	}
	s, certain := f.match(types)
	if s == nil {
		return c.mismatch(e, f, types)
	}
	for i, a := range e.Args {
		if p := s.param(i); p.Kind != plugins.Any && !p.Nullable {
			if args[i] = c.present(args[i], a); args[i].invalid {
				return args[i]
			}
		}
	}
	if !certain {
		c.fallbacks = append(c.fallbacks, f.Name)
		return dynamicCall(f, args, f.commonResult(types), e.Range())
	}
	if n := c.checkConstants(e, s, args); n != nil {
		return n
	}
	for i := range args {
		if p := s.param(i); p.Kind != plugins.Any {
			args[i] = cast(args[i], p)
		}
	}
	return staticCall(s, args, s.result(types), e.Range())
}

// checkConstants reports constant arguments that can never be right, such as a
// regular expression that is none.
func (c *compiler) checkConstants(e *hclsyntax.FunctionCallExpr, s *Signature, args []*node) *node {
	if s.check == nil {
		return nil
	}
	constants := make([]*plugins.Value, len(args))
	for i, n := range args {
		constants[i] = n.value
	}
	if i, err := s.check(constants); err != nil {
		return c.fail(e.Args[i].Range(), "not a right argument", "%s", err)
	}
	return nil
}

// function finds the function that is called.
func (c *compiler) function(e *hclsyntax.FunctionCallExpr) *Function {
	if f, ok := functionTable().byName[e.Name]; ok {
		return f
	}
	switch {
	case c.staticFunction(e.Name):
		c.fail(e.Range(), "not available here", "%s is evaluated once, when the pipeline is built: its arguments cannot depend on the record", e.Name)
	case isAggregate(e.Name) && c.scope.aggregating == ofRecord:
		c.fail(e.NameRange, "aggregate in an aggregate", "%s is computed once for a group of records, and this for each of them; aggregate the results in a stage behind this one", e.Name)
	case isAggregate(e.Name):
		c.fail(e.NameRange, "not available here", "%s is available in emit of a window only", e.Name)
	default:
		c.fail(e.NameRange, "unknown function", "%s", unknownFunction(e.Name, withFunctions(c.scope.Static, functionTable().static)))
	}
	return nil
}

// mismatch reports arguments that fit no signature.
func (c *compiler) mismatch(e *hclsyntax.FunctionCallExpr, f *Function, types []plugins.Type) *node {
	arity := false
	for i := range f.Signatures {
		arity = arity || f.Signatures[i].takes(len(types))
	}
	if !arity {
		return c.fail(e.Range(), "wrong number of arguments", "%s; %d given", f.usage(), len(types))
	}
	if len(f.Signatures) == 1 {
		s := &f.Signatures[0]
		for i, t := range types {
			one := Signature{Params: []Param{{Type: s.param(i)}}}
			if one.fits([]plugins.Type{t}) == unfit {
				return c.fail(e.Args[i].Range(), "wrong type of argument", "%s wants a %s here, not a %s%s", f.Name, s.param(i), t.Kind, argumentRemedy(s.param(i).Kind, t.Kind))
			}
		}
	}
	kinds := make([]string, len(types))
	for i, t := range types {
		kinds[i] = t.Kind.String()
	}
	return c.fail(e.Range(), "wrong type of argument", "there is no %s(%s); it is %s", f.Name, strings.Join(kinds, ", "), f.usage())
}

func argumentRemedy(want, got plugins.Kind) string {
	switch want {
	case plugins.Int, plugins.Float, plugins.String, plugins.Bool, plugins.Duration:
		if !got.Nested() && got != plugins.Bytes {
			return "; convert it with " + want.String() + "(...)"
		}
	case plugins.Time:
		if got == plugins.String {
			return "; convert it with time::parse(...)"
		}
	}
	return ""
}

// guard compiles default, coalesce, try, can and has.
func (c *compiler) guard(e *hclsyntax.FunctionCallExpr, f *Function) *node {
	if !f.Signatures[0].takes(len(e.Args)) {
		return c.fail(e.Range(), "wrong number of arguments", "%s; %d given", f.usage(), len(e.Args))
	}
	switch f.Name {
	case "has":
		if _, ok := c.fieldName(e.Args[0]); !ok {
			return c.fail(e.Args[0].Range(), "not a field", "has takes a field of the record, such as has(event.name); to test any value, compare it with != null")
		}
		n := c.compile(e.Args[0])
		if n.invalid {
			return n
		}
		return nullCheck(opNe, n, e.Range())
	case "can":
		c.guarded++
		n := c.compile(e.Args[0])
		c.guarded--
		if n.invalid {
			return n
		}
		return canNode(n, e.Range())
	}
	return c.choice(e, f.Name == "try")
}

// choice compiles what takes the first of its arguments that will do.
func (c *compiler) choice(e *hclsyntax.FunctionCallExpr, try bool) *node {
	nodes := make([]*node, len(e.Args))
	for i, a := range e.Args {
		if try && i < len(e.Args)-1 {
			c.guarded++
			nodes[i] = c.compile(a)
			c.guarded--
		} else {
			nodes[i] = c.compile(a)
		}
		if nodes[i].invalid {
			return nodes[i]
		}
	}
	t := nodes[0].t
	for i, n := range nodes[1:] {
		common, ok := unify(t, n.t)
		if !ok {
			return c.fail(e.Args[i+1].Range(), "types do not go together", "%s chooses between values of one type, but this is %s and not %s", e.Name, n.t.Kind, t.Kind)
		}
		t = common
	}
	t = fieldType(t)
	if !try && t.Kind != plugins.Any {
		t.Nullable = nodes[len(nodes)-1].t.Nullable
	}
	for i := range nodes {
		to := t
		if !try && i < len(nodes)-1 && to.Kind != plugins.Any {
			to = t.OrNull()
		}
		nodes[i] = cast(nodes[i], to)
	}
	if try {
		return tryNode(nodes, t, e.Range())
	}
	return coalesce(nodes, t, e.Range())
}
