package dsl

import (
	"errors"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// infer goes downstream through the stages: what comes out of one is what the
// expressions of the next are compiled for.
func (b *builder) infer() {
	b.offered = map[string]bool{}
	for _, gs := range b.graph.Downstream() {
		s := b.stages[gs.Addr()]
		before := len(b.diags)
		b.inferStage(s)
		s.broken = s.broken || b.diags[before:].HasErrors()
		if s.explain != nil {
			slices.SortStableFunc(s.explain.Attributes, func(a, b ExplainedAttribute) int { return a.offset - b.offset })
		}
	}
}

func (b *builder) inferStage(s *stage) {
	if s.explain == nil {
		return // its kind is not known
	}
	b.common(s)
	d := &decoder{builder: b, stage: s}
	if s.Role != graph.Source {
		var known bool
		d.in, known = b.gather(s)
		s.In = d.in[0]
		if len(d.in) > 1 {
			s.Ins = d.in
		}
		if !known {
			// What does not depend on the records can be checked all the same.
			d.blind, s.broken = true, true
		}
	}
	if s.kind.payload {
		b.payload(s)
	}
	if s.kind.source.Keyed {
		d.in = []plugins.Shape{b.payloadShape(s)}
	}
	s.Config = d.stageConfig()
	if s.connector != nil {
		s.Config = s.Config.WithConnector(s.connector.kind, s.connector.config)
	}
	b.spool(s)
	if d.failed || s.broken {
		s.broken = true
		return
	}
	if s.kind.payload {
		s.Config = s.Config.WithPayload(b.payloadShape(s))
	}
	b.check(s)
	if s.kind.payload && !s.broken {
		b.checkEncoder(s)
	}
}

// stageConfig decodes what the kind of the stage wants to know, in an order in
// which the one can depend on the other: what is looked up, the key, the
// attributes in the order of the schema, the blocks.
func (d *decoder) stageConfig() plugins.Config {
	s := d.stage
	attrs := map[string]any{}
	config := func(blocks ...plugins.ConfigBlock) plugins.Config { return plugins.NewConfig(attrs, blocks...) }
	if s.kind.transform.Lookup {
		kind, block := d.lookupBlock()
		config = func(blocks ...plugins.ConfigBlock) plugins.Config {
			return plugins.NewConfig(attrs, append([]plugins.ConfigBlock{block}, blocks...)...).WithLookup(kind)
		}
		if d.failed {
			d.blind = true // what can be referred to is not known
		}
	}
	d.known = config()
	if key := d.key(); key != nil && (s.kind.keyed || s.kind.source.Keyed || s.Role == graph.Sink) {
		attrs["key"] = key
	}
	return config(d.values(attrs, s.body, s.kind.schema, "", s.block.DefRange())...)
}

// gather finds the shapes of the stage's inputs, by port. It reports whether
// they are known.
func (b *builder) gather(s *stage) ([]plugins.Shape, bool) {
	ports := max(1, len(s.kind.transform.Ports))
	shapes, seen := make([]plugins.Shape, ports), make([]bool, ports)
	known := true
	for i, in := range s.Inputs {
		if !b.checkOutput(in, s.inputRanges[i]) {
			known = false
			continue
		}
		shape, port := b.shapeOf(in), s.port(in.Port)
		switch {
		case shape == nil:
			known = false
		case !seen[port]:
			shapes[port], seen[port] = *shape, true
		default:
			shapes[port] = merge(shapes[port], *shape)
		}
	}
	known = known && !slices.Contains(seen, false)
	if known {
		b.explainedInputs(s, shapes)
	}
	return shapes, known
}

// inputShapes returns the shape of each input.
func (b *builder) inputShapes(s *stage) []plugins.Shape {
	var shapes []plugins.Shape
	for _, in := range s.Inputs {
		if shape := b.shapeOf(in); shape != nil {
			shapes = append(shapes, *shape)
		}
	}
	return shapes
}

// check lets the kind look at its configuration and say what comes out.
func (b *builder) check(s *stage) {
	if s.kind.check != nil {
		if err := s.kind.check(s.Config); err != nil {
			b.configError(s, "", err)
			return
		}
	}
	outputs, err := b.outputsOf(s)
	if err != nil {
		b.configError(s, "", err)
		return
	}
	s.Outputs = outputs
	s.explain.Outputs = outputs
	if s.Role == graph.Transform {
		s.describe()
	}
	for attr, name := range s.called { // what is in them is known now
		if s.Config.Has(attr) { // else it is of a block
			s.Config = s.Config.With(attr, name)
		}
	}
}

// describe asks the kind about the stage, whose configuration is known to be right.
func (s *stage) describe() {
	s.description = s.kind.transform.Description(s.Config)
	s.Config = s.Config.WithContents(s.description.Contents)
	s.kind.keyed = s.kind.transform.ByKey(s.description)
}

func (b *builder) outputsOf(s *stage) ([]plugins.Output, error) {
	switch {
	case s.Role == graph.Sink:
		return nil, nil
	case s.Role == graph.Transform && s.kind.transform.Outputs == nil:
		return []plugins.Output{{Shape: s.In}}, nil
	case len(s.Ins) > 0:
		return s.kind.transform.Outputs(s.In, s.Config)
	case s.Role == graph.Transform:
		for _, shape := range b.inputShapes(s) {
			if _, err := s.kind.transform.Outputs(shape, s.Config); err != nil {
				return nil, err
			}
		}
		return s.kind.transform.Outputs(s.In, s.Config)
	case s.kind.payload:
		shape := b.payloadShape(s)
		shape.Messages = s.kind.source.Via != ""
		return []plugins.Output{{Shape: shape}}, nil
	case s.kind.source.Output == nil:
		return nil, errors.New("the kind does not say what it brings: that is a mistake in it")
	}
	shape, err := s.kind.source.Output(s.Config)
	return []plugins.Output{{Shape: shape}}, err
}
