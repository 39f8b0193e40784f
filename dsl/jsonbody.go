package dsl

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// objectBody reads an object of a JSON file as a body: its properties are
// attributes. A property called "//" is a comment.
func objectBody(object *hclsyntax.ObjectConsExpr) (*hclsyntax.Body, hcl.Diagnostics) {
	end := object.SrcRange
	end.Start = end.End
	body := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: object.SrcRange, EndRange: end}
	var diags hcl.Diagnostics
	for _, item := range object.Items {
		name, ok := literalString(item.KeyExpr)
		rng := item.KeyExpr.Range()
		if !ok {
			diags = append(diags, errorAt(rng, "name with a template", "names of attributes and blocks are plain strings"))
			continue
		}
		if name == "//" {
			continue
		}
		if first := body.Attributes[name]; first != nil {
			diags = append(diags, errorAt(rng, "duplicate key", "%q was first set at %s; several blocks of a type go into one object or list", name, place(first.NameRange)))
			continue
		}
		body.Attributes[name] = &hclsyntax.Attribute{
			Name: name, Expr: item.ValueExpr, NameRange: rng, EqualsRange: rng,
			SrcRange: hcl.RangeBetween(rng, item.ValueExpr.Range()),
		}
	}
	return body, diags
}

// jsonBlocks reads a property of a JSON file as blocks of a type: an object
// for each level of labels, and lists wherever there are several.
func jsonBlocks(a *hclsyntax.Attribute, f blockForm) ([]*hclsyntax.Block, hcl.Diagnostics) {
	u := jsonUnpacker{form: f, typeRange: a.NameRange}
	u.unpack(a.Expr, nil, nil)
	return u.blocks, u.diags
}

type jsonUnpacker struct {
	form      blockForm
	typeRange hcl.Range
	blocks    []*hclsyntax.Block
	diags     hcl.Diagnostics
}

func (u *jsonUnpacker) unpack(e hclsyntax.Expression, labels []string, ranges []hcl.Range) {
	if lit, ok := e.(*hclsyntax.LiteralValueExpr); ok && lit.Val.IsNull() {
		return
	}
	if list, ok := e.(*hclsyntax.TupleConsExpr); ok {
		for _, x := range list.Exprs {
			u.unpack(x, labels, ranges)
		}
		return
	}
	object, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		u.diags = append(u.diags, errorAt(e.Range(), "not a block", "%s is a block; in JSON it is an object, or a list of objects", u.form.name))
		return
	}
	body, diags := objectBody(object)
	u.diags = append(u.diags, diags...)
	if len(labels) == len(u.form.labels) {
		typeRange := u.typeRange
		if len(ranges) > 0 {
			// Several blocks share the key of their type; each has its last label.
			typeRange = ranges[len(ranges)-1]
		} else if len(u.blocks) > 0 {
			typeRange = object.OpenRange
		}
		u.blocks = append(u.blocks, &hclsyntax.Block{
			Type: u.form.name, Labels: labels, Body: body, TypeRange: typeRange, LabelRanges: ranges,
			OpenBraceRange: object.OpenRange, CloseBraceRange: body.EndRange,
		})
		return
	}
	for _, a := range sortedAttrs(body) {
		u.unpack(a.Expr, append(labels[:len(labels):len(labels)], a.Name), append(ranges[:len(ranges):len(ranges)], a.NameRange))
	}
}

// literalString returns the text of a string without interpolations, or of a
// name that stands for itself as the key of an object.
func literalString(e hclsyntax.Expression) (string, bool) {
	switch x := e.(type) {
	case *hclsyntax.ObjectConsKeyExpr:
		if name := hcl.ExprAsKeyword(x.Wrapped); name != "" && !x.ForceNonLiteral {
			return name, true
		}
		return literalString(x.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		return literalString(x.Expression)
	case *hclsyntax.LiteralValueExpr:
		if x.Val.Type() == cty.String && x.Val.IsKnown() && !x.Val.IsNull() {
			return x.Val.AsString(), true
		}
	case *hclsyntax.TemplateExpr:
		switch len(x.Parts) {
		case 0:
			return "", true
		case 1:
			return literalString(x.Parts[0])
		}
	}
	return "", false
}

// sortedAttrs returns the attributes of a body in the order written.
func sortedAttrs(body *hclsyntax.Body) []*hclsyntax.Attribute {
	attrs := make([]*hclsyntax.Attribute, 0, len(body.Attributes))
	for _, a := range body.Attributes {
		attrs = append(attrs, a)
	}
	slices.SortFunc(attrs, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return attrs
}
