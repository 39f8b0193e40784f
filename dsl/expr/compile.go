package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// Compile checks an event expression against its scope and makes it ready to
// run. Where there are errors, the expression is nil.
func Compile(e hclsyntax.Expression, s *Scope) (*Expr, hcl.Diagnostics) {
	c := newCompiler(s)
	root := c.compile(e)
	if c.diags.HasErrors() {
		return nil, c.diags
	}
	return newExpr(c, e, root), c.diags
}

// CompileObject compiles the values of an object constructor, in the order
// written: the fields that a stage emits.
func CompileObject(e hclsyntax.Expression, s *Scope) ([]plugins.NamedExpr, hcl.Diagnostics) {
	cons, ok := unwrap(e).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil, hcl.Diagnostics{problem(e.Range(), "not an object", "write an object with a value for each field: { name = event.name }")}
	}
	c := newCompiler(s)
	names := c.names(cons)
	diags := c.diags
	var exprs []plugins.NamedExpr
	for i, it := range cons.Items {
		x, more := Compile(it.ValueExpr, s)
		diags = append(diags, more...)
		exprs = append(exprs, plugins.NamedExpr{Name: names[i], Expr: x})
	}
	if diags.HasErrors() {
		return nil, diags
	}
	return exprs, diags
}

// maxDepth bounds the recursion of the compiler.
const maxDepth = 4096

// compiler compiles one expression.
type compiler struct {
	scope     *Scope
	reads     map[string]plugins.Type
	facts     facts // what is known not to be null where the compiler is
	guarded   int   // how many try and can it is inside of
	depth     int
	folded    []Folded
	fallbacks []string
	diags     hcl.Diagnostics

	statics    map[hclsyntax.Expression]bool
	narrowings map[hclsyntax.Expression][2]facts
}

func newCompiler(s *Scope) *compiler {
	return &compiler{
		scope: s, reads: map[string]plugins.Type{},
		statics: map[hclsyntax.Expression]bool{}, narrowings: map[hclsyntax.Expression][2]facts{},
	}
}

// fail reports an error and returns a node that causes no further ones.
func (c *compiler) fail(at hcl.Range, summary, detail string, args ...any) *node {
	c.diags = append(c.diags, problem(at, summary, detail, args...))
	return invalid(at)
}

func invalid(at hcl.Range) *node {
	n := constant(plugins.Value{Kind: plugins.Null}, plugins.Type{}, at)
	n.value, n.invalid = nil, true
	return n
}

// compile makes the node of any expression.
func (c *compiler) compile(e hclsyntax.Expression) *node {
	if c.depth++; c.depth > maxDepth {
		return c.fail(e.Range(), "expression too deep", "move parts of it to stages of their own")
	}
	defer func() { c.depth-- }()
	if c.isStatic(e) {
		return c.fold(e)
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.compile(e.Expression)
	case *hclsyntax.ScopeTraversalExpr:
		return c.reference(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		return c.steps(c.compile(e.Source), e.Traversal)
	case *hclsyntax.IndexExpr:
		return c.index(e)
	case *hclsyntax.FunctionCallExpr:
		return c.call(e)
	case *hclsyntax.ConditionalExpr:
		return c.conditional(e)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e)
	case *hclsyntax.UnaryOpExpr:
		return c.unary(e)
	case *hclsyntax.TemplateExpr:
		return c.template(e)
	case *hclsyntax.TemplateWrapExpr:
		return c.compile(e.Wrapped)
	case *hclsyntax.ObjectConsExpr:
		return c.object(e)
	case *hclsyntax.TupleConsExpr:
		return c.tuple(e)
	case *hclsyntax.ForExpr:
		return c.fallback(e, "for", forType(e))
	case *hclsyntax.SplatExpr:
		return c.fallback(e, "splat", plugins.Of(plugins.List))
	case *hclsyntax.TemplateJoinExpr:
		return c.fallback(e, "%{for}", plugins.Of(plugins.String))
	case *hclsyntax.ExprSyntaxError:
		c.diags = append(c.diags, e.ParseDiags...)
		return invalid(e.Range())
	}
	return c.fail(e.Range(), "not available here", "this form of expression cannot be evaluated for each record")
}

// unwrap returns what stands in parentheses or alone in a template.
func unwrap(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		switch x := e.(type) {
		case *hclsyntax.ParenthesesExpr:
			e = x.Expression
		case *hclsyntax.TemplateWrapExpr: // "${x}" is x
			e = x.Wrapped
		default:
			return e
		}
	}
}

func (c *compiler) template(e *hclsyntax.TemplateExpr) *node {
	parts := make([]*node, len(e.Parts))
	for i, p := range e.Parts {
		n := c.operand(p)
		if k := n.t.Kind; k == plugins.Bytes || k.Nested() {
			n = c.fail(p.Range(), "no text form", "%s", noText(k))
		}
		parts[i] = n
	}
	return template(parts, e.Range())
}

func (c *compiler) object(e *hclsyntax.ObjectConsExpr) *node {
	names := c.names(e)
	t := plugins.Of(plugins.Record)
	items := make([]item, len(e.Items))
	for i, it := range e.Items {
		n := c.compile(it.ValueExpr)
		items[i] = item{names[i], n}
		t.Fields = append(t.Fields, plugins.Field{Name: names[i], Type: fieldType(n.t)})
	}
	return object(items, t, e.Range())
}

// fieldType is the type of a field that holds values of a type.
func fieldType(t plugins.Type) plugins.Type {
	if t.Kind == plugins.Null {
		return plugins.Type{}
	}
	return t
}

// names returns the keys of an object constructor.
func (c *compiler) names(e *hclsyntax.ObjectConsExpr) []string {
	names := make([]string, len(e.Items))
	first := map[string]hcl.Range{}
	for i, it := range e.Items {
		key := it.KeyExpr.Range()
		v, diags := c.evaluate(it.KeyExpr)
		if diags.HasErrors() {
			c.diags = append(c.diags, problem(key, "not a field name", "a field's name is an identifier, a quoted string or a value in parentheses that is known when the pipeline is built"))
			continue
		}
		x, err := FromCty(v)
		if err != nil || x.Kind != plugins.String {
			c.diags = append(c.diags, problem(key, "not a field name", "a field's name is a string"))
			continue
		}
		names[i] = x.Text
		if at, dup := first[x.Text]; dup {
			c.diags = append(c.diags, problem(key, "duplicate field", "%s was first set at %s; remove one of them", x.Text, at))
			continue
		}
		first[x.Text] = key
	}
	return names
}

func (c *compiler) tuple(e *hclsyntax.TupleConsExpr) *node {
	elems := make([]*node, len(e.Exprs))
	var elem plugins.Type
	for i, x := range e.Exprs {
		elems[i] = c.compile(x)
		t := fieldType(elems[i].t)
		if i == 0 {
			elem = t
			continue
		}
		var ok bool
		if elem, ok = unify(elem, t); !ok {
			elem = plugins.Type{}
		}
	}
	return tuple(elems, plugins.Type{Kind: plugins.List, Elem: &elem}, e.Range())
}

// folded notes a part that was computed.
func (c *compiler) noteFolded(e hclsyntax.Expression, v plugins.Value) {
	switch unwrap(e).(type) {
	case *hclsyntax.LiteralValueExpr, *hclsyntax.TemplateExpr, *hclsyntax.ObjectConsKeyExpr:
		return
	}
	c.folded = append(c.folded, Folded{Range: e.Range(), Text: string(jsontext.AppendValue(nil, v, ""))})
}
