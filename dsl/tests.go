package dsl

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// readTests reads the test blocks against the pipeline that was built.
func (b *builder) readTests() {
	first := map[string]hcl.Range{}
	for _, block := range b.module.blocks["test"] {
		name := block.Labels[0]
		if at, dup := first[name]; dup {
			b.add(duplicate(block.LabelRanges[0], fmt.Sprintf("test %q", name), at))
			continue
		}
		first[name] = block.LabelRanges[0]
		b.readTest(block)
	}
}

func (b *builder) readTest(block *hclsyntax.Block) {
	c := b.read(block.Body, form{
		what:   "a test",
		attrs:  []string{"settings", "vars", "env", "now"},
		blocks: []blockForm{{name: "given", repeated: true}, {name: "mock", repeated: true}, {name: "expect", repeated: true}},
	})
	t := &Test{
		Name: block.Labels[0], Pos: posOf(block.DefRange()),
		Settings: b.texted(c.attr("settings"), b.knownSetting),
		Vars:     b.texted(c.attr("vars"), b.knownVariable),
		Env:      b.texted(c.attr("env"), nil),
		Now:      b.testStart(c.attr("now")),
	}
	if len(c.blocksOf("expect")) == 0 {
		b.fail(block.DefRange(), "empty test", "a test says what it expects: expect { at = sink.NAME, ... }")
	}
	for _, g := range c.blocksOf("given") {
		b.readGiven(t, g)
	}
	for _, m := range c.blocksOf("mock") {
		b.readMock(t, m)
	}
	for _, e := range c.blocksOf("expect") {
		b.readExpect(t, e)
	}
	b.pipeline.Tests = append(b.pipeline.Tests, t)
}

// testStart is the time at which tests begin that do not say another.
func (b *builder) testStart(a *hclsyntax.Attribute) int64 {
	v, ok := b.typed(a, plugins.Of(plugins.Time))
	if !ok {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	}
	x, err := expr.FromCty(v)
	if err != nil {
		b.fail(a.Expr.Range(), "wrong type", "now %s", err)
	}
	return x.Int
}

// texted reads an object of values as the texts that the command line has for
// them. check says what is wrong with one of them.
func (b *builder) texted(a *hclsyntax.Attribute, check func(name, text string) string) map[string]string {
	if a == nil {
		return nil
	}
	object, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		b.fail(a.Expr.Range(), "not an object", "write %s = { NAME = VALUE, ... }", a.Name)
		return nil
	}
	texts := map[string]string{}
	for _, item := range object.Items {
		name, ok := literalString(item.KeyExpr)
		if !ok {
			b.fail(item.KeyExpr.Range(), "invalid name", "write the name as it is, or in quotes")
			continue
		}
		v := b.value(item.ValueExpr)
		if !v.IsWhollyKnown() {
			continue
		}
		text, err := commandText(v)
		if err != nil {
			b.fail(item.ValueExpr.Range(), "wrong type", "%s: %s", name, err)
			continue
		}
		if check != nil {
			if why := check(name, text); why != "" {
				b.fail(item.KeyExpr.Range(), "invalid "+a.Name, "%s", why)
				continue
			}
		}
		texts[name] = text
	}
	return texts
}

// commandText writes a value as one would on the command line.
func commandText(v cty.Value) (string, error) {
	if v.Type() == cty.String && !v.IsNull() {
		return v.AsString(), nil
	}
	text, err := jsonText(v)
	return string(text), err
}

func (b *builder) knownSetting(name, text string) string {
	spec := b.settings[name]
	if spec == nil {
		return fmt.Sprintf("there is no setting %q; %s", name, hint(name, keys(b.settings)))
	}
	if _, err := spec.parse(text); err != nil {
		return err.Error()
	}
	return ""
}

func (b *builder) knownVariable(name, text string) string {
	v := b.vars[name]
	if v == nil {
		return fmt.Sprintf("there is no variable %q; %s", name, hint(name, keys(b.vars)))
	}
	if _, err := parseText(text, v.typ); err != nil {
		return fmt.Sprintf("%s %s", name, err)
	}
	return ""
}

func (b *builder) readGiven(t *Test, block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "given", attrs: []string{"at", "rows"}})
	g := Given{Pos: posOf(block.DefRange())}
	at, rows := c.attr("at"), c.attr("rows")
	if at == nil || rows == nil {
		b.fail(block.DefRange(), "incomplete given", "write at = source.NAME and rows = [{ FIELD = VALUE, ... }, ...]")
		return
	}
	place, ok := b.testPlace(at)
	if !ok {
		return
	}
	s := b.stages[place.From]
	if s == nil || s.Role != graph.Source || place.Output != "" {
		b.fail(at.Expr.Range(), "not a source", "records are given to sources; %s", hint(place.From, b.addressesOf(graph.Source)))
		return
	}
	if slices.ContainsFunc(t.Given, func(o Given) bool { return o.At == place.From }) {
		b.fail(at.Expr.Range(), "duplicate given", "%s is given its rows above; put them into one list", place.From)
		return
	}
	shape := b.shapeOf(place)
	if shape == nil {
		return
	}
	g.At = place.From
	g.Rows = b.rows(rows, *shape, s.Format != "")
	t.Given = append(t.Given, g)
}

func (b *builder) readExpect(t *Test, block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "expect", attrs: []string{"at", "count", "where", "rows"}})
	e := Expect{Pos: posOf(block.DefRange())}
	at := c.attr("at")
	if at == nil {
		b.fail(block.DefRange(), "incomplete expect", "write at = sink.NAME, or at = errors")
		return
	}
	place, ok := b.testPlace(at)
	if !ok {
		return
	}
	shape := b.shapeAt(place)
	if shape == nil {
		b.checkOutput(place, at.Expr.Range())
		return
	}
	e.At, e.Output = place.From, place.Output
	e.Shape = plugins.Shape{Type: shape.Type, Format: "json", Payload: shape.Type}
	if v, ok := b.typed(c.attr("count"), plugins.Of(plugins.Int)); ok {
		if x, err := expr.FromCty(v); err == nil && x.Int >= 0 {
			n := int(x.Int)
			e.Count = &n
		} else {
			b.fail(c.attr("count").Expr.Range(), "invalid count", "count must not be negative")
		}
	}
	if w := c.attr("where"); w != nil {
		e.Where = b.where(w, e.Shape)
	}
	if rows := c.attr("rows"); rows != nil {
		e.Rows = b.rows(rows, *shape, shape.Untouched())
	}
	t.Expect = append(t.Expect, e)
}

// where compiles the condition of an expectation.
func (b *builder) where(a *hclsyntax.Attribute, shape plugins.Shape) plugins.Expr {
	scope := b.scope()
	scope.Event = &shape
	d := &decoder{builder: b, stage: &stage{places: map[string]hcl.Range{}}}
	return d.expression(plugins.Attr{Name: "where", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool)}, scope, a.Expr, "where")
}

// testPlace reads what at refers to: an address, an output of a stage, its
// errors, or all errors.
func (b *builder) testPlace(a *hclsyntax.Attribute) (graph.Input, bool) {
	known := append(b.addresses(), graph.Errors)
	t, ok := b.reference(a.Expr)
	if !ok {
		b.fail(a.Expr.Range(), "not a reference", "at is a reference such as sink.NAME, transform.NAME.OUTPUT or errors")
		return graph.Input{}, false
	}
	if t.RootName() == graph.Errors && len(t) == 1 {
		return graph.Input{From: graph.Errors}, true
	}
	name, _, ok := step(t, 1)
	in := graph.Input{From: t.RootName() + "." + name}
	if !ok || b.stages[in.From] == nil || len(t) > 3 {
		b.fail(a.Expr.Range(), "unknown address", "there is no %s; %s", text(t), hint(text(t), known))
		return in, false
	}
	if len(t) == 3 {
		in.Output, _, _ = step(t, 2)
	}
	return in, true
}

// shapeAt returns the shape of the records at a place, nil where there is no
// such output.
func (b *builder) shapeAt(place graph.Input) *plugins.Shape {
	if s := b.stages[place.From]; s != nil && s.Role == graph.Sink && place.Output == "" {
		return &s.In
	}
	return b.shapeOf(place)
}

func (b *builder) addressesOf(role graph.Role) []string {
	var names []string
	for _, s := range b.order {
		if s.Role == role {
			names = append(names, s.Addr())
		}
	}
	return names
}
