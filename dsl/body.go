package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// form says what a body may hold.
type form struct {
	what   string // for messages, such as "a filter"
	attrs  []string
	blocks []blockForm
	free   bool // any attribute
	// elsewhere says about names that are known, but not here, why.
	elsewhere map[string]string
}

// content is a body, checked against a form.
type content struct {
	attrs  []*hclsyntax.Attribute // in the order written
	blocks []*hclsyntax.Block     // in the order written
	end    hcl.Range
}

func (c content) attr(name string) *hclsyntax.Attribute {
	for _, a := range c.attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func (c content) blocksOf(name string) []*hclsyntax.Block {
	var bs []*hclsyntax.Block
	for _, b := range c.blocks {
		if b.Type == name {
			bs = append(bs, b)
		}
	}
	return bs
}

// readBody checks a body against a form and returns what is as it should be.
func readBody(body *hclsyntax.Body, f form) (content, hcl.Diagnostics) {
	c := content{end: body.EndRange}
	var diags hcl.Diagnostics
	blocks := slices.Clone(body.Blocks)
	for _, a := range body.Attributes {
		bf := f.block(a.Name)
		switch {
		case bf != nil && isJSON(a.SrcRange.Filename):
			bs, ds := jsonBlocks(a, *bf)
			blocks = append(blocks, bs...)
			diags = append(diags, ds...)
		case f.free || slices.Contains(f.attrs, a.Name):
			c.attrs = append(c.attrs, a)
		case bf != nil:
			diags = append(diags, errorAt(a.NameRange, "block written as an attribute",
				"%s is a block; write %s%s { ... } without the equals sign", a.Name, a.Name, labelHint(*bf)))
		default:
			diags = append(diags, f.unknown("attribute", a.Name, a.NameRange))
		}
	}
	slices.SortFunc(c.attrs, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	slices.SortStableFunc(blocks, func(a, b *hclsyntax.Block) int { return a.TypeRange.Start.Byte - b.TypeRange.Start.Byte })
	for _, b := range blocks {
		d := f.checkBlock(b, c.blocks)
		if d != nil {
			diags = append(diags, d)
			continue
		}
		c.blocks = append(c.blocks, b)
	}
	return c, diags
}

func (f form) block(name string) *blockForm {
	for i := range f.blocks {
		if f.blocks[i].name == name {
			return &f.blocks[i]
		}
	}
	return nil
}

func (f form) checkBlock(b *hclsyntax.Block, before []*hclsyntax.Block) *hcl.Diagnostic {
	bf := f.block(b.Type)
	switch {
	case bf == nil && slices.Contains(f.attrs, b.Type):
		return errorAt(b.TypeRange, "attribute written as a block", "%s is an attribute; write %s = { ... }", b.Type, b.Type)
	case bf == nil:
		return f.unknown("block", b.Type, b.TypeRange)
	case len(b.Labels) < len(bf.labels):
		return errorAt(b.DefRange(), "missing label", "%s needs %s: write %s%s { ... }",
			b.Type, wanted(bf.labels), b.Type, labelHint(*bf))
	case len(b.Labels) > len(bf.labels):
		return errorAt(b.LabelRanges[len(bf.labels)], "extra label", "%s takes %s: write %s%s { ... }",
			b.Type, wanted(bf.labels), b.Type, labelHint(*bf))
	case bf.repeated:
		return nil
	}
	for _, o := range before {
		if o.Type == b.Type {
			return duplicate(b.TypeRange, fmt.Sprintf("block %q", b.Type), o.TypeRange)
		}
	}
	return nil
}

func wanted(labels []string) string {
	switch len(labels) {
	case 0:
		return "no label"
	case 1:
		return "one label, its " + labels[0]
	default:
		return "labels, its " + strings.Join(labels, " and its ")
	}
}

func labelHint(f blockForm) string {
	var s strings.Builder
	for _, l := range f.labels {
		fmt.Fprintf(&s, " %q", strings.ToUpper(l))
	}
	return s.String()
}

func (f form) unknown(what, name string, rng hcl.Range) *hcl.Diagnostic {
	if why, ok := f.elsewhere[name]; ok {
		return errorAt(rng, "not allowed here", "%s; take it out", why)
	}
	known := slices.Clone(f.attrs)
	for _, b := range f.blocks {
		known = append(known, b.name)
	}
	return errorAt(rng, "unknown "+what, "%s has nothing called %q; %s", f.what, name, hint(name, known))
}
