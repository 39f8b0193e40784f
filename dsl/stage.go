package dsl

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// stage is a stage while it is being built.
type stage struct {
	*graph.Stage
	block       *hclsyntax.Block
	body        content
	kind        kind
	inputRanges []hcl.Range // of Inputs
	// broken says that the stage's outputs are not known because of an error
	// that was reported; what depends on them is not looked at.
	broken bool
	// guessed are the attributes whose values are not known yet, by path.
	guessed map[string]bool
	// called is what files are called in [Options.Dir], by the attribute that names them.
	called  map[string]string
	places  map[string]hcl.Range // of attributes, their items and blocks, by path
	explain *Explanation
	// description is what the kind says of it; nothing while there are errors.
	description plugins.Description
	// connector is what the stage works over; nil for none.
	connector *connector
}

// kind is what the registry knows about a stage's kind.
type kind struct {
	schema        plugins.Schema
	payload       bool
	defaultFormat string
	keyed         bool
	via           string
	capabilities  func(plugins.Config) plugins.Capabilities
	check         func(plugins.Config) error
	source        plugins.SourceKind
	transform     plugins.TransformKind
	sink          plugins.SinkKind
}

// lookUp finds a kind by name.
func (b *builder) lookUp(role graph.Role, name string) (k kind, ok bool, known []string) {
	switch role {
	case graph.Source:
		s, ok := b.registry.Source(name)
		return kind{schema: s.Schema, payload: s.Payload, defaultFormat: s.DefaultFormat, via: s.Via, capabilities: s.Capabilities, check: s.Check, source: s},
			ok, b.registry.Sources()
	case graph.Transform:
		t, ok := b.registry.Transform(name)
		return kind{schema: t.Schema, payload: t.Payload, defaultFormat: t.DefaultFormat, keyed: t.Keyed, transform: t}, ok, b.registry.Transforms()
	default:
		s, ok := b.registry.Sink(name)
		return kind{schema: s.Schema, payload: s.Payload, defaultFormat: s.DefaultFormat, via: s.Via, capabilities: s.Capabilities, check: s.Check, sink: s}, ok, b.registry.Sinks()
	}
}

// declareStages reads the blocks of stages as far as their kinds say which
// names there may be.
func (b *builder) declareStages() {
	for _, role := range []graph.Role{graph.Source, graph.Transform, graph.Sink} {
		for _, block := range b.declared(string(role)) {
			b.declareStage(role, block)
		}
	}
	slices.SortStableFunc(b.order, func(x, y *stage) int {
		xr, yr := x.block.TypeRange, y.block.TypeRange
		return compareRanges(&xr, &yr)
	})
	for _, s := range b.order {
		b.graph.Stages = append(b.graph.Stages, s.Stage)
	}
}

func (b *builder) declareStage(role graph.Role, block *hclsyntax.Block) {
	s := &stage{
		Stage: &graph.Stage{
			Role: role, Kind: block.Labels[0], Name: block.Labels[1], OnError: graph.ToErrors, Pos: posOf(block.DefRange()),
		},
		block: block, guessed: map[string]bool{}, places: map[string]hcl.Range{},
	}
	b.stages[s.Addr()] = s
	b.order = append(b.order, s)
	k, ok, known := b.lookUp(role, s.Kind)
	if !ok {
		if !b.pluginMisses(string(role), s.Kind, known, block.LabelRanges[0]) {
			b.fail(block.LabelRanges[0], "unknown kind", "there is no %s kind %q; %s", role, s.Kind, hint(s.Kind, known))
		}
		s.broken = true
		// Its inputs can be looked at all the same.
		s.body, _ = readBody(block.Body, form{free: true})
		return
	}
	s.kind = k
	s.Plugin = b.usePlugin(s.Kind)
	if s.Plugin != "" {
		s.Kinds = b.registry
	}
	s.explain = &Explanation{Addr: s.Addr(), Role: role, Kind: s.Kind, Doc: k.schema.Doc, Pos: s.Pos}
	b.pipeline.explain[s.Addr()] = s.explain
	s.body = b.read(block.Body, b.stageForm(s))
}

// stageForm is what the block of a stage may hold: what its role gives it,
// and what its kind does.
func (b *builder) stageForm(s *stage) form {
	f := schemaForm(s.kind.schema, fmt.Sprintf("%s %q", s.Role, s.Kind))
	f.attrs = append(f.attrs, "via", "on_error")
	f.elsewhere = map[string]string{}
	if s.kind.transform.Lookup {
		f.blocks = append(f.blocks, blockForm{name: "lookup", labels: []string{"kind"}})
	} else {
		f.elsewhere["lookup"] = fmt.Sprintf("%s %q looks nothing up", s.Role, s.Kind)
	}
	if s.Role == graph.Source {
		f.elsewhere["from"] = "a source brings records in and has no from"
		f.blocks = append(f.blocks, blockForm{name: "spool"})
	} else {
		f.attrs = append(f.attrs, "from")
		f.elsewhere["spool"] = "only sources have one"
	}
	if s.kind.keyed || s.kind.source.Keyed || s.Role == graph.Sink {
		f.attrs = append(f.attrs, "key")
	} else {
		f.elsewhere["key"] = fmt.Sprintf("%s %q keeps nothing per key", s.Role, s.Kind)
	}
	if s.Role == graph.Sink {
		f.blocks = append(f.blocks, blockForm{name: "retry"})
		f.elsewhere["schema"] = "a sink writes what it is given; schemas belong to sources"
	} else {
		f.elsewhere["retry"] = "only sinks try again"
	}
	if !s.kind.payload {
		f.elsewhere["format"] = fmt.Sprintf("%s %q has no encoded records", s.Role, s.Kind)
		return f
	}
	f.attrs = append(f.attrs, "format")
	if s.Role != graph.Sink {
		f.attrs = append(f.attrs, "schema")
	}
	for _, codec := range b.registry.Codecs() {
		f.blocks = append(f.blocks, blockForm{name: codec})
	}
	return f
}

// schemaForm is what a schema allows.
func schemaForm(s plugins.Schema, what string) form {
	f := form{what: what}
	for _, a := range s.Attrs {
		f.attrs = append(f.attrs, a.Name)
	}
	for _, x := range s.Blocks {
		bf := blockForm{name: x.Name, repeated: x.Repeated}
		if x.Label != "" {
			bf.labels = []string{x.Label}
		}
		f.blocks = append(f.blocks, bf)
	}
	return f
}

// common reads the attributes and blocks that stages have whatever their
// kind, except from, format and key.
func (b *builder) common(s *stage) {
	b.connection(s)
	if a := s.body.attr("on_error"); a != nil {
		word := b.text(a)
		if b.oneOf(a.Expr.Range(), "way to treat errors", word, []string{string(graph.ToErrors), string(graph.Drop), string(graph.Fail)}) {
			s.OnError = graph.OnError(word)
		}
		b.explained(s, "on_error", a, StaticPhase)
	}
	for _, block := range s.body.blocksOf("retry") {
		if s.Role == graph.Sink {
			b.retry(s, block)
		}
	}
}

// retrySchema describes the retry block.
func retrySchema() plugins.Schema {
	return plugins.Schema{Attrs: []plugins.Attr{
		{Name: "max", Type: plugins.AttrInt, Min: plugins.Bound(0), Doc: "Attempts after the first; 0 means without end."},
		{Name: "backoff", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "The wait before the first retry; it doubles each time."},
		{Name: "max_backoff", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "The longest wait."},
	}}
}

func (b *builder) retry(s *stage, block *hclsyntax.Block) {
	c := b.read(block.Body, schemaForm(retrySchema(), "retry"))
	d := &decoder{builder: b, stage: s}
	config := d.config(c, retrySchema(), "retry.", block.DefRange())
	s.Retry = graph.Retry{Max: int(config.Int("max")), Backoff: config.Duration("backoff"), MaxBackoff: config.Duration("max_backoff")}
}
