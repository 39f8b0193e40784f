package dsl

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// Explain returns what was found out about the stage at an address.
func (p *Pipeline) Explain(addr string) (*Explanation, error) {
	if e := p.explain[addr]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("no stage has the address %q; %s", addr, hint(addr, keys(p.explain)))
}

// explainedInputs notes what comes in.
func (b *builder) explainedInputs(s *stage, shapes []plugins.Shape) {
	s.explain.In = shapes[0].Type
	for i, name := range s.kind.transform.Ports {
		s.explain.Ports = append(s.explain.Ports, plugins.Field{Name: name, Type: shapes[i].Type})
	}
	for _, in := range s.Inputs {
		text := addressOf(in)
		if in.Port != "" {
			text = in.Port + " = " + text
		}
		s.explain.Inputs = append(s.explain.Inputs, text)
	}
}

// explained notes an attribute that is evaluated once, or never.
func (b *builder) explained(s *stage, path string, a *hclsyntax.Attribute, phase Phase) {
	if s.explain == nil {
		return
	}
	s.explain.Attributes = append(s.explain.Attributes, ExplainedAttribute{
		Path: path, Phase: phase, Text: b.source(a.Expr.Range()), Pos: posOf(a.Expr.Range()), offset: a.Expr.Range().Start.Byte,
	})
}

// explainedEvent notes an event expression. What it reads as the results of
// calls is shown as what those read.
func (b *builder) explainedEvent(s *stage, path string, x *expr.Expr, at hcl.Range, calls ...plugins.AggregateCall) {
	if s.explain == nil {
		return
	}
	e := ExplainedAttribute{
		Path: path, Phase: EventPhase, Text: b.source(at), Type: x.Type(), Fallbacks: x.Fallbacks(),
		Pos: posOf(at), offset: at.Start.Byte,
	}
	e.reads(x, calls)
	for _, f := range x.Folded() {
		e.Folded = append(e.Folded, FoldedPart{Source: b.source(f.Range), Value: f.Text})
	}
	s.explain.Attributes = append(s.explain.Attributes, e)
}

// reads notes what an expression reads.
func (e *ExplainedAttribute) reads(x plugins.Expr, calls []plugins.AggregateCall) {
	for _, f := range x.Reads() {
		root, field, local := plugins.LocalField(f.Name)
		call := -1
		for i := range calls {
			if plugins.AggregatePath(i) == f.Name {
				call = i
			}
		}
		switch {
		case call >= 0:
			for _, arg := range calls[call].Args {
				e.reads(arg, nil)
			}
		case local && field != "":
			e.Given = append(e.Given, root+"."+field)
		case local:
			e.Given = append(e.Given, root)
		case !slices.ContainsFunc(e.Reads, func(g plugins.Field) bool { return g.Name == f.Name }):
			e.Reads = append(e.Reads, f)
		}
	}
}

// source returns what is written at a range.
func (b *builder) source(r hcl.Range) string {
	f := b.module.files[r.Filename]
	if f == nil || !r.CanSliceBytes(f.Bytes) {
		return ""
	}
	return string(r.SliceBytes(f.Bytes))
}
