package dsl

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A blockForm says how blocks of one type are written.
type blockForm struct {
	name     string
	labels   []string // what each label is
	repeated bool
}

// topForms are the blocks of a file.
func topForms() []blockForm {
	form := func(name string, labels ...string) blockForm { return blockForm{name, labels, true} }
	return []blockForm{
		form("pipeline", "name"),
		form("variable", "name"),
		form("locals"),
		form("setting", "name"),
		form("schema", "name"),
		form("plugin", "name"),
		form("connector", "kind", "name"),
		form("source", "kind", "name"),
		form("transform", "kind", "name"),
		form("sink", "kind", "name"),
		form("output", "name"),
		form("renamed"),
		form("test", "name"),
	}
}

// reserved are the blocks that will come.
func reserved() []string { return []string{"place", "link", "module"} }

// topLevel returns the blocks of a file that are as the grammar wants them.
func topLevel(body *hclsyntax.Body) ([]*hclsyntax.Block, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	visible := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: body.SrcRange, EndRange: body.EndRange}
	for name, a := range body.Attributes {
		if slices.Contains(reserved(), name) {
			diags = append(diags, notYet(name, a.NameRange))
			continue
		}
		visible.Attributes[name] = a
	}
	for _, b := range body.Blocks {
		if slices.Contains(reserved(), b.Type) {
			diags = append(diags, notYet(b.Type, b.TypeRange))
			continue
		}
		visible.Blocks = append(visible.Blocks, b)
	}
	c, ds := readBody(visible, form{what: "a pipeline file", blocks: topForms()})
	return c.blocks, append(diags, ds...)
}

func notYet(name string, rng hcl.Range) *hcl.Diagnostic {
	return errorAt(rng, "not available yet", "the block %q is reserved for a later version; take it out", name)
}
