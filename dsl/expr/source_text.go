package expr

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// sourceText writes an expression the way it might have been written, for
// messages.
func sourceText(e hclsyntax.Expression) string {
	w := writer{}
	w.expr(e)
	return w.String()
}

// operationText writes an operation for the message that it has no result.
// Where many operations are nested, each would tell the whole again: long
// operands are left out.
func operationText(e hclsyntax.Expression) string {
	b, ok := e.(*hclsyntax.BinaryOpExpr)
	if !ok {
		return shortText(e)
	}
	return shortText(b.LHS) + " " + operatorOf(b.Op).String() + " " + shortText(b.RHS)
}

// shortText is sourceText of what is not long, and else three dots.
func shortText(e hclsyntax.Expression) string {
	const most = 60
	w := writer{most: most}
	w.expr(e)
	if w.Len() > most {
		return "..."
	}
	return w.String()
}

// normalForm writes an expression with its static parts replaced by their
// values, and the types of what it reads: equal texts, equal behaviour.
func (c *compiler) normalForm(e hclsyntax.Expression, reads []plugins.Field) string {
	w := writer{fold: func(e hclsyntax.Expression) (cty.Value, bool) {
		if !c.isStatic(e) {
			return cty.NilVal, false
		}
		v, diags := c.evaluate(e)
		return v, !diags.HasErrors() && v.IsWhollyKnown()
	}}
	w.expr(e)
	for _, f := range reads {
		w.WriteString(" " + f.Name + ":" + f.Type.String())
	}
	return w.String()
}

// writer writes expressions. Operators are always in parentheses.
type writer struct {
	strings.Builder
	fold func(e hclsyntax.Expression) (cty.Value, bool)
	most int // expressions behind so many bytes are left out; 0 for none
}

func (w *writer) expr(e hclsyntax.Expression) {
	if w.most > 0 && w.Len() > w.most {
		return
	}
	if w.fold != nil {
		if v, ok := w.fold(e); ok {
			w.value(v)
			return
		}
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		w.expr(e.Expression)
	case *hclsyntax.LiteralValueExpr:
		w.value(e.Val)
	case *hclsyntax.ScopeTraversalExpr:
		w.traversal(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		w.expr(e.Source)
		w.traversal(e.Traversal)
	case *hclsyntax.FunctionCallExpr:
		w.WriteString(e.Name)
		w.list("(", e.Args, "")
		if e.ExpandFinal {
			w.WriteString("...")
		}
		w.WriteString(")")
	case *hclsyntax.ConditionalExpr:
		w.parts("(", e.Condition, " ? ", e.TrueResult, " : ", e.FalseResult, ")")
	case *hclsyntax.BinaryOpExpr:
		w.parts("(", e.LHS, " "+operatorOf(e.Op).String()+" ", e.RHS, ")")
	case *hclsyntax.UnaryOpExpr:
		w.parts(operatorOf(e.Op).String(), e.Val)
	case *hclsyntax.IndexExpr:
		w.parts(e.Collection, "[", e.Key, "]")
	case *hclsyntax.TupleConsExpr:
		w.list("[", e.Exprs, "]")
	case *hclsyntax.ObjectConsExpr:
		for i, it := range e.Items {
			w.parts([]string{"{", ", "}[min(i, 1)], it.KeyExpr, " = ", it.ValueExpr)
		}
		w.WriteString("}")
	case *hclsyntax.ObjectConsKeyExpr:
		if name, ok := staticKey(e); ok {
			w.WriteString(name)
			return
		}
		w.parts("(", e.Wrapped, ")")
	case *hclsyntax.TemplateWrapExpr:
		w.expr(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		w.template(e)
	case *hclsyntax.TemplateJoinExpr:
		w.parts("join(", e.Tuple, ")")
	case *hclsyntax.ForExpr:
		w.forExpr(e)
	case *hclsyntax.SplatExpr:
		w.parts(e.Source, "[*](", e.Each, ")")
	case *hclsyntax.AnonSymbolExpr:
		w.WriteString("*")
	}
}

// parts writes strings and expressions.
func (w *writer) parts(parts ...any) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			w.WriteString(p)
		case hclsyntax.Expression:
			w.expr(p)
		}
	}
}

func (w *writer) list(begin string, elems []hclsyntax.Expression, end string) {
	w.WriteString(begin)
	for i, e := range elems {
		if i > 0 {
			w.WriteString(", ")
		}
		w.expr(e)
	}
	w.WriteString(end)
}

func (w *writer) template(e *hclsyntax.TemplateExpr) {
	w.WriteString(`"`)
	for _, p := range e.Parts {
		if lit, ok := p.(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type() == cty.String {
			quoted := jsontext.AppendQuotedString(nil, lit.Val.AsString())
			w.Write(quoted[1 : len(quoted)-1])
			continue
		}
		w.parts("${", p, "}")
	}
	w.WriteString(`"`)
}

func (w *writer) forExpr(e *hclsyntax.ForExpr) {
	begin, end := "[", "]"
	if e.KeyExpr != nil {
		begin, end = "{", "}"
	}
	w.WriteString(begin + "for ")
	if e.KeyVar != "" {
		w.WriteString(e.KeyVar + ", ")
	}
	w.parts(e.ValVar+" in ", e.CollExpr, ": ")
	if e.KeyExpr != nil {
		w.parts(e.KeyExpr, " => ")
	}
	w.expr(e.ValExpr)
	if e.Group {
		w.WriteString("...")
	}
	if e.CondExpr != nil {
		w.parts(" if ", e.CondExpr)
	}
	w.WriteString(end)
}

// traversalText writes a reference, for messages.
func traversalText(t hcl.Traversal) string {
	w := writer{}
	w.traversal(t)
	return w.String()
}

func (w *writer) traversal(t hcl.Traversal) {
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			w.WriteString(s.Name)
		case hcl.TraverseAttr:
			w.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			w.WriteString("[")
			w.value(s.Key)
			w.WriteString("]")
		}
	}
}

func (w *writer) value(v cty.Value) {
	x, err := FromCty(v)
	if err != nil {
		w.WriteString("(" + v.Type().FriendlyName() + ")")
		return
	}
	switch x.Kind {
	case plugins.Time, plugins.Duration, plugins.Bytes:
		w.WriteString(x.Kind.String())
	}
	text := jsontext.AppendValue(nil, x, "")
	w.Write(text)
	if x.Kind == plugins.Float && !bytes.ContainsAny(text, ".e") {
		w.WriteString(".0") // unlike an int
	}
}
