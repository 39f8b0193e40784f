package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Build checks the module against the kinds of a registry and makes a
// pipeline of it. It works in steps and stops behind the first in which there
// are errors, with all of that step. The pipeline is nil if there are errors.
func (m *Module) Build(reg *plugins.Registry, o Options) (*Pipeline, hcl.Diagnostics) {
	b := newBuilder(m, reg, o)
	steps := []func(){b.declare, b.infer, b.offer, b.keepOrder, b.followPartitions, b.warnLoops, b.promise, b.readTests}
	for _, step := range steps {
		step()
		if b.steps.Exhausted() && !b.diags.HasErrors() { // where a constant is optional, nobody says so
			b.add(errorAnywhere(expr.TooMuch, "the expressions of the pipeline take too many steps; make their lists smaller"))
		}
		if b.diags.HasErrors() {
			return nil, finish(b.diags)
		}
	}
	return b.pipeline, finish(b.diags)
}

func newBuilder(m *Module, reg *plugins.Registry, o Options) *builder {
	b := &builder{
		module: m, registry: reg, options: o,
		graph:    &graph.Graph{Name: m.fallbackName},
		pipeline: &Pipeline{Settings: map[string]*expr.Setting{}, explain: map[string]*Explanation{}, pending: map[string]plugins.Value{}},
		vars:     map[string]*variable{}, locals: map[string]*local{}, settings: map[string]*SettingSpec{},
		steps:   expr.NewBudget(),
		schemas: map[string]*schema{}, plugins: map[string]*plugin{}, connectors: map[string]*connector{}, stages: map[string]*stage{},
	}
	b.pipeline.Graph = b.graph
	return b
}

// builder is one build of a module.
type builder struct {
	module   *Module
	registry *plugins.Registry
	options  Options
	diags    hcl.Diagnostics

	graph    *graph.Graph
	pipeline *Pipeline

	vars       map[string]*variable
	locals     map[string]*local
	localOrder []string // each after those it refers to
	settings   map[string]*SettingSpec
	schemas    map[string]*schema
	plugins    map[string]*plugin
	connectors map[string]*connector
	stages     map[string]*stage // by address
	order      []*stage          // as written
	require    *hclsyntax.Attribute
	offered    map[string]bool // addresses that output blocks name

	steps  *expr.Budget     // of all that is evaluated once
	static *hcl.EvalContext // of what is evaluated once
	event  *hcl.EvalContext // of the parts of event expressions that are
}

// declare reads everything but the bodies of stages, and the values that hold
// for the whole pipeline.
func (b *builder) declare() {
	b.declareVariables()
	b.declareLocals()
	b.evaluate()
	b.declarePipeline()
	b.declareSettings()
	b.declareSchemas()
	b.declarePlugins()
	b.startPlugins()
	b.declareConnectors()
	b.declareStages()
	b.wire()
}

func (b *builder) add(diags ...*hcl.Diagnostic) { b.diags = append(b.diags, diags...) }

func (b *builder) fail(rng hcl.Range, summary, detail string, args ...any) {
	b.add(errorAt(rng, summary, detail, args...))
}

// read checks the body of a block.
func (b *builder) read(body *hclsyntax.Body, f form) content {
	c, diags := readBody(body, f)
	b.add(diags...)
	return c
}

// declarePipeline reads the pipeline block.
func (b *builder) declarePipeline() {
	blocks := b.module.blocks["pipeline"]
	if len(blocks) == 0 {
		return
	}
	first := blocks[0]
	for _, other := range blocks[1:] {
		b.add(errorAt(other.DefRange(), "duplicate pipeline", "the pipeline is named at %s; a directory is one pipeline", place(first.DefRange())))
	}
	c := b.read(first.Body, form{what: "a pipeline", attrs: []string{"version", "description", "require"}, blocks: []blockForm{{name: "checkpoint"}}})
	b.graph.Name = first.Labels[0]
	if first.Labels[0] == "" {
		b.fail(first.LabelRanges[0], "empty name", "a pipeline has a name")
	}
	b.require = c.attr("require")
	b.graph.Version = b.text(c.attr("version"))
	b.text(c.attr("description"))
	if b.require != nil {
		b.graph.Require = graph.Guarantee(b.text(b.require))
		b.oneOf(b.require.Expr.Range(), "guarantee", string(b.graph.Require), guaranteeNames())
	}
	for _, block := range c.blocksOf("checkpoint") {
		b.checkpoint(block)
	}
}

func guaranteeNames() []string {
	var names []string
	for _, g := range graph.Guarantees() {
		names = append(names, string(g))
	}
	return names
}

// oneOf reports a word that is not one of those allowed.
func (b *builder) oneOf(rng hcl.Range, what, word string, words []string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	if word != "" {
		b.fail(rng, "unknown "+what, "there is no %s %q; %s", what, word, hint(word, words))
	}
	return false
}

// declared returns the blocks of a type with one label that is their name,
// those with a name that is taken or malformed left out.
func (b *builder) declared(typ string) []*hclsyntax.Block {
	first := map[string]hcl.Range{}
	var blocks []*hclsyntax.Block
	for _, block := range b.module.blocks[typ] {
		name := block.Labels[len(block.Labels)-1]
		rng := block.LabelRanges[len(block.LabelRanges)-1]
		if !hclsyntax.ValidIdentifier(name) {
			b.fail(rng, "invalid name", "%q cannot be a name; use letters, digits, _ and -, with a letter first", name)
			continue
		}
		if at, dup := first[name]; dup {
			b.add(duplicate(rng, typ+" "+name, at))
			continue
		}
		first[name] = rng
		blocks = append(blocks, block)
	}
	return blocks
}

func posOf(r hcl.Range) graph.Pos {
	return graph.Pos{File: r.Filename, Line: r.Start.Line, Column: r.Start.Column}
}
