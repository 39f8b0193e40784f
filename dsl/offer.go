package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins/jsontext"
	"github.com/onstream/onstream/runtime/graph"
)

// offer reads what tells others about the pipeline: the output and renamed
// blocks.
func (b *builder) offer() {
	for _, block := range b.declared("output") {
		b.readOutput(block)
	}
	for _, block := range b.module.blocks["renamed"] {
		b.readRenamed(block)
	}
	b.warnUnused()
	b.warnUnusedPlugins()
}

func (b *builder) readOutput(block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "an output", attrs: []string{"value", "description"}})
	o := Output{Name: block.Labels[0], Description: b.text(c.attr("description")), Pos: posOf(block.DefRange())}
	value := c.attr("value")
	if value == nil {
		b.fail(block.DefRange(), "incomplete output", "an output has a value: a constant, or the output of a stage such as transform.NAME")
		return
	}
	if t, ok := b.reference(value.Expr); ok && slices.Contains(addressRoots(), t.RootName()) {
		in, ok := b.input(t)
		if ok && b.shapeOf(in) != nil {
			o.Stream = addressOf(in)
			b.offered[in.From+"."+in.Output] = true
		}
	} else {
		o.Value = b.jsonOf(value)
	}
	b.pipeline.Outputs = append(b.pipeline.Outputs, o)
}

// jsonOf evaluates an attribute to JSON text, null where it is not known yet.
func (b *builder) jsonOf(a *hclsyntax.Attribute) []byte {
	v := b.value(a.Expr)
	switch {
	case !v.IsWhollyKnown():
		return []byte("null")
	case holdsSecret(v):
		b.fail(a.Expr.Range(), "secret shown", "%s would show a secret", a.Name)
		return nil
	}
	text, err := jsonText(v)
	if err != nil {
		b.fail(a.Expr.Range(), "wrong type", "%s: %s", a.Name, err)
	}
	return text
}

// jsonText writes a value as JSON.
func jsonText(v cty.Value) ([]byte, error) {
	x, err := expr.FromCty(v)
	if err != nil {
		return nil, err
	}
	return jsontext.AppendValue(nil, x, ""), nil
}

func addressOf(in graph.Input) string {
	if in.Output == "" {
		return in.From
	}
	return in.From + "." + in.Output
}

// readRenamed reads a renamed block: the stage was at an address that must be
// free now.
func (b *builder) readRenamed(block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "renamed", attrs: []string{"from", "to"}})
	from, to := c.attr("from"), c.attr("to")
	if from == nil || to == nil {
		b.fail(block.DefRange(), "incomplete renamed", "write from = the former address and to = the present one, such as transform.NAME")
		return
	}
	old, ok1 := b.address(from)
	now, ok2 := b.address(to)
	if !ok1 || !ok2 {
		return
	}
	if s := b.stages[old]; s != nil {
		b.fail(from.Expr.Range(), "still there", "%s is declared at %s; a stage that was renamed has left its former address", old, place(s.block.DefRange()))
		return
	}
	if b.stages[now] == nil {
		b.fail(to.Expr.Range(), "unknown stage", "there is no %s; %s", now, hint(now, b.addresses()))
		return
	}
	b.graph.Renamed = append(b.graph.Renamed, graph.Renamed{From: old, To: now, Pos: posOf(block.DefRange())})
}

// address reads an attribute that is the address of a stage, which need not
// exist.
func (b *builder) address(a *hclsyntax.Attribute) (string, bool) {
	t, ok := b.reference(a.Expr)
	roles := []string{string(graph.Source), string(graph.Transform), string(graph.Sink)}
	if !ok || len(t) != 2 || !slices.Contains(roles, t.RootName()) {
		b.fail(a.Expr.Range(), "not an address", "an address is source.NAME, transform.NAME or sink.NAME")
		return "", false
	}
	return text(t), true
}

// maxUnused is how many outputs of a stage are named that nobody takes from: a module may have a thousand.
const maxUnused = 3

// warnUnused warns of records that nobody takes.
func (b *builder) warnUnused() {
	for _, s := range b.order {
		var unused []string
		for _, o := range s.Outputs {
			if !o.Optional && len(b.graph.Consumers(s.Addr(), o.Name)) == 0 && !b.offered[s.Addr()+"."+o.Name] {
				unused = append(unused, addressOf(graph.Input{From: s.Addr(), Output: o.Name}))
			}
		}
		if n := len(unused); n > 0 {
			if n > maxUnused {
				unused = append(unused[:maxUnused], fmt.Sprintf("and %d more", n-maxUnused))
			}
			b.add(warningAt(s.block.DefRange(), "nobody takes the records", "no stage has from = %s; what comes out there is counted and dropped", strings.Join(unused, ", ")))
		}
	}
	b.warnErrors()
}

// warnErrors warns once if records that may be malformed have nowhere to go.
func (b *builder) warnErrors() {
	for _, s := range b.order {
		decodes := s.Role != graph.Sink && s.Format != ""
		if decodes && s.OnError == graph.ToErrors && len(b.graph.Consumers(s.Addr(), graph.Errors)) == 0 {
			b.add(warningAt(s.block.DefRange(), "nobody takes the errors",
				"records that fail, such as malformed ones from here, are counted and dropped; keep them with a sink that has from = errors, or say on_error = \"drop\""))
			return
		}
	}
}
