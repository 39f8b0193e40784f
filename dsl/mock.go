package dsl

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/runtime/graph"
)

// readMock reads what an output of a transform gives in a test.
func (b *builder) readMock(t *Test, block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "mock", attrs: []string{"at", "rows"}})
	at, rows := c.attr("at"), c.attr("rows")
	if at == nil || rows == nil {
		b.fail(block.DefRange(), "incomplete mock", "write at = transform.NAME, or transform.NAME.OUTPUT, and rows = [{ FIELD = VALUE, ... }, ...]")
		return
	}
	place, ok := b.testPlace(at)
	if !ok {
		return
	}
	s := b.stages[place.From]
	if s == nil || s.Role != graph.Transform || place.Output == graph.Errors {
		b.fail(at.Expr.Range(), "not a transform", "a mock is what a transform gives, and not what fails in it; %s", hint(place.From, b.addressesOf(graph.Transform)))
		return
	}
	if slices.ContainsFunc(t.Mock, func(o Mock) bool { return o.At == place.From && o.Output == place.Output }) {
		b.fail(at.Expr.Range(), "duplicate mock", "%s is given its rows above; put them into one list", addressOf(place))
		return
	}
	if !b.checkOutput(place, at.Expr.Range()) {
		return
	}
	shape := b.shapeOf(place)
	if shape == nil {
		return
	}
	t.Mock = append(t.Mock, Mock{
		At: place.From, Output: place.Output, Pos: posOf(block.DefRange()),
		Rows: b.rows(rows, *shape, shape.Untouched()),
	})
}
