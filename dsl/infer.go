package dsl

import (
	"errors"
	"slices"

	"github.com/onstream/onstream/dsl/expr"
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
	d := &decoder{builder: b, stage: s, scope: b.scope()}
	if s.Role != graph.Source && !b.gather(s, d.scope) {
		// What does not depend on the records can be checked all the same.
		d.blind, s.broken = true, true
	}
	if s.kind.payload {
		b.payload(s)
	}
	key := b.key(s, d)
	attrs, blocks := d.values(s.body, s.kind.schema, "", s.block.DefRange())
	if key != nil && s.kind.keyed {
		attrs["key"] = key
	}
	s.Config = plugins.NewConfig(attrs, blocks...)
	if d.failed || s.broken {
		s.broken = true
		return
	}
	if s.kind.payload {
		s.Config = s.Config.WithPayload(b.payloadShape(s))
	}
	b.check(s)
}

// scope is what the expressions of a stage may use.
func (b *builder) scope() *expr.Scope {
	return &expr.Scope{Meta: true, Key: true, Static: b.event, Budget: b.steps, Settings: b.pipeline.Settings}
}

// gather finds the shape of the stage's input. It reports whether it is known.
func (b *builder) gather(s *stage, scope *expr.Scope) bool {
	known := len(s.Inputs) > 0
	first := true
	for i, in := range s.Inputs {
		if !b.checkOutput(in, s.inputRanges[i]) {
			known = false
			continue
		}
		shape := b.shapeOf(in)
		switch {
		case shape == nil:
			known = false
		case first:
			s.In, first = *shape, false
		default:
			s.In = merge(s.In, *shape)
		}
	}
	if known {
		scope.Event = &s.In
		s.explain.In = s.In.Type
		for _, in := range s.Inputs {
			s.explain.Inputs = append(s.explain.Inputs, addressOf(in))
		}
	}
	return known
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

// key compiles the key of a stage, nil where it has none.
func (b *builder) key(s *stage, d *decoder) plugins.Expr {
	a := s.body.attr("key")
	if a == nil {
		return nil
	}
	x := d.expression(plugins.Attr{Name: "key", Type: plugins.AttrExpr, Want: plugins.Type{}}, a, "key")
	if x == nil {
		return nil
	}
	switch t := x.Type(); {
	case t.Kind.Nested():
		b.fail(a.Expr.Range(), "wrong type", "a key is one value, not %s; use a field of it", t)
	case t.Nullable && t.Kind != plugins.Any && s.Role == graph.Transform:
		b.fail(a.Expr.Range(), "may be null", "a record needs a key; write default(..., \"\"), or filter records without one out before")
	}
	s.Key = x
	return x
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
}

func (b *builder) outputsOf(s *stage) ([]plugins.Output, error) {
	switch {
	case s.Role == graph.Sink:
		return nil, nil
	case s.Role == graph.Transform && s.kind.transform.Outputs == nil:
		return []plugins.Output{{Shape: s.In}}, nil
	case s.Role == graph.Transform:
		for _, shape := range b.inputShapes(s) {
			if _, err := s.kind.transform.Outputs(shape, s.Config); err != nil {
				return nil, err
			}
		}
		return s.kind.transform.Outputs(s.In, s.Config)
	case s.kind.payload:
		return []plugins.Output{{Shape: b.payloadShape(s)}}, nil
	case s.kind.source.Output == nil:
		return nil, errors.New("the kind does not say what it brings: that is a mistake in it")
	}
	shape, err := s.kind.source.Output(s.Config)
	return []plugins.Output{{Shape: shape}}, err
}
