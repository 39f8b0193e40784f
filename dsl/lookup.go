package dsl

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// lookupBlock decodes the block that says where a stage looks things up. What
// may stand in it depends on its label.
func (d *decoder) lookupBlock() (plugins.LookupKind, plugins.ConfigBlock) {
	s := d.stage
	known := d.registry.Lookups()
	blocks := s.body.blocksOf("lookup")
	if len(blocks) == 0 {
		d.fail(s.block.DefRange(), "missing block", "say where to look: lookup \"KIND\" { ... }; %s", hint("", known))
		return plugins.LookupKind{}, plugins.ConfigBlock{}
	}
	block, label := blocks[0], blocks[0].Labels[0]
	kind, ok := d.registry.Lookup(label)
	if !ok && d.pluginMisses("lookup", label, known, block.LabelRanges[0]) {
		d.failed = true
		return plugins.LookupKind{}, plugins.ConfigBlock{}
	}
	if !ok {
		d.fail(block.LabelRanges[0], "unknown kind", "there is no lookup kind %q; %s", label, hint(label, known))
		return plugins.LookupKind{}, plugins.ConfigBlock{}
	}
	s.Plugin += d.usePlugin(label)
	s.places["lookup"] = block.DefRange()
	body, diags := readBody(block.Body, schemaForm(kind.Schema, fmt.Sprintf("lookup %q", label)))
	d.failed = d.failed || diags.HasErrors()
	d.add(diags...)
	return kind, plugins.ConfigBlock{Name: "lookup", Label: label, Config: d.config(body, kind.Schema, "lookup.", block.DefRange())}
}
