package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
)

// operand compiles what must not be null.
func (c *compiler) operand(e hclsyntax.Expression) *node {
	return c.present(c.compile(e), e)
}

// present returns n as something that is not null; where it may be, that is an
// error with the ways out. In try and can it is a failure of the record.
func (c *compiler) present(n *node, e hclsyntax.Expression) *node {
	switch {
	case n.invalid || n.t.Kind == plugins.Any:
		return n
	case n.t.Kind == plugins.Null:
		if c.guarded > 0 {
			return failing(plugins.Type{}, codeNull, "the value is null", n.at)
		}
		return c.fail(e.Range(), "value is null", "null can only be compared with == and !=")
	case !n.t.Nullable:
		return n
	case c.guarded > 0:
		return cast(n, n.t.NotNull())
	}
	text := sourceText(e)
	return c.fail(e.Range(), "value may be null",
		"%s may be null here; give a value instead, default(%s, ...), test it, %s != null && ..., or drop such records in a filter before", text, text, text)
}

// truth compiles what must be true or false.
func (c *compiler) truth(e hclsyntax.Expression, what string) *node {
	n := c.operand(e)
	if n.invalid {
		return n
	}
	if n.t.Kind != plugins.Bool && n.t.Kind != plugins.Any {
		return c.fail(e.Range(), "not a bool", "%s must be true or false, but this is of type %s%s", what, n.t, truthRemedy(e, n.t))
	}
	return cast(n, plugins.Of(plugins.Bool))
}

func truthRemedy(e hclsyntax.Expression, t plugins.Type) string {
	switch {
	case isNumber(t.Kind):
		return "; compare it, such as " + sourceText(e) + " != 0"
	case t.Kind == plugins.String:
		return "; compare it, such as " + sourceText(e) + ` == "on"`
	}
	return ""
}

func (c *compiler) unary(e *hclsyntax.UnaryOpExpr) *node {
	if operatorOf(e.Op) == opNot {
		n := c.truth(e.Val, "what ! is applied to")
		if n.invalid {
			return n
		}
		return not(n, e.Range())
	}
	n := c.operand(e.Val)
	if n.invalid {
		return n
	}
	neg, ok := negation(n, e.Range())
	if !ok {
		return c.fail(e.Range(), "types do not go together", "there is no -%s", n.t.Kind)
	}
	return neg
}

func (c *compiler) binary(e *hclsyntax.BinaryOpExpr) *node {
	o := operatorOf(e.Op)
	switch o {
	case opAnd, opOr:
		return c.logical(o, e)
	case opAdd, opSub, opMul, opDiv, opMod:
		l, r := c.operand(e.LHS), c.operand(e.RHS)
		if l.invalid || r.invalid {
			return invalid(e.Range())
		}
		n, ok := arithmeticNode(o, l, r, operationText(e), e.Range())
		if !ok {
			return c.fail(e.Range(), "types do not go together", "there is no %s %s %s%s", l.t.Kind, o, r.t.Kind, arithmeticRemedy(o, l.t.Kind, r.t.Kind))
		}
		return n
	}
	return c.comparison(o, e)
}

func arithmeticRemedy(o operator, l, r plugins.Kind) string {
	switch {
	case o == opAdd && (l == plugins.String || r == plugins.String):
		return `; to join texts write "${a}${b}"`
	case isNumber(l) && r == plugins.String || l == plugins.String && isNumber(r):
		return "; convert the string with float(...) or int(...)"
	case l == plugins.Time && isNumber(r):
		return `; add a duration, such as duration("1m")`
	case l == plugins.Duration && isNumber(r) && (o == opAdd || o == opSub):
		return `; both must be durations, such as duration("1m")`
	}
	return ""
}

// logical compiles && and ||. What the left side tests, the right side knows.
func (c *compiler) logical(o operator, e *hclsyntax.BinaryOpExpr) *node {
	what := "what " + o.String() + " is applied to"
	l := c.truth(e.LHS, what)
	whenTrue, whenFalse := c.narrowing(e.LHS)
	known := whenTrue
	if o == opOr {
		known = whenFalse
	}
	r := c.under(known, func() *node { return c.truth(e.RHS, what) })
	if l.invalid || r.invalid {
		return invalid(e.Range())
	}
	return logical(o, l, r, e.Range())
}

func (c *compiler) comparison(o operator, e *hclsyntax.BinaryOpExpr) *node {
	equality := o == opEq || o == opNe
	compile := c.operand
	if equality {
		compile = c.compile
	}
	l, r := compile(e.LHS), compile(e.RHS)
	at := e.Range()
	switch {
	case l.invalid || r.invalid:
		return invalid(at)
	case l.isNull() && r.isNull():
		return constant(boolValue(o == opEq), plugins.Of(plugins.Bool), at)
	case l.isNull():
		return c.nullComparison(o, r, e.RHS, at)
	case r.isNull():
		return c.nullComparison(o, l, e.LHS, at)
	case l.t.Kind == plugins.Any || r.t.Kind == plugins.Any || canCompare(o, l.t.Kind, r.t.Kind):
		return comparison(o, l, r, at)
	case !equality && l.t.Kind == r.t.Kind:
		return c.fail(at, "types do not go together", "values of type %s have no order: only == and != compare them", l.t.Kind)
	}
	return c.fail(at, "types do not go together", "%s and %s cannot be compared with %s%s", l.t.Kind, r.t.Kind, o, comparisonRemedy(l, r))
}

func comparisonRemedy(l, r *node) string {
	if l.t.Kind == plugins.String {
		l, r = r, l
	}
	if r.t.Kind != plugins.String {
		return "; convert one of them"
	}
	switch l.t.Kind {
	case plugins.Int, plugins.Float:
		if r.value != nil {
			return "; write the number without quotes, or compare with string(...)"
		}
		return "; convert one of them with " + l.t.Kind.String() + "(...) or string(...)"
	case plugins.Bool:
		return "; write true or false without quotes"
	case plugins.Time:
		return "; make a time of the string with time::parse(...)"
	case plugins.Duration:
		return "; make a duration of the string with duration(...)"
	}
	return ""
}

// nullComparison compiles n == null and n != null. What can never be null is
// most likely a mistake, but harmless.
func (c *compiler) nullComparison(o operator, n *node, e hclsyntax.Expression, at hcl.Range) *node {
	if n.t.Kind != plugins.Any && !n.t.Nullable && c.guarded == 0 && !c.narrowed(e) {
		c.diags = append(c.diags, &hcl.Diagnostic{
			Severity: hcl.DiagWarning, Summary: "never null", Subject: &at,
			Detail: sourceText(e) + " is " + n.t.String() + " and never null: this test has always the same result",
		})
	}
	return nullCheck(o, n, at)
}

func (c *compiler) conditional(e *hclsyntax.ConditionalExpr) *node {
	cond := c.truth(e.Condition, "the condition")
	whenTrue, whenFalse := c.narrowing(e.Condition)
	yes := c.under(whenTrue, func() *node { return c.compile(e.TrueResult) })
	no := c.under(whenFalse, func() *node { return c.compile(e.FalseResult) })
	if cond.invalid || yes.invalid || no.invalid {
		return invalid(e.Range())
	}
	t, ok := unify(yes.t, no.t)
	if !ok {
		return c.fail(e.Range(), "types do not go together", "the results are %s and %s; make both the same type, such as with string(...)", yes.t.Kind, no.t.Kind)
	}
	t = fieldType(t)
	return conditional(cond, cast(yes, t), cast(no, t), t, e.Range())
}
