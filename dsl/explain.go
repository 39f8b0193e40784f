package dsl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
)

// Explain returns what was found out about the stage at an address.
func (p *Pipeline) Explain(addr string) (*Explanation, error) {
	if e := p.explain[addr]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("no stage has the address %q; %s", addr, hint(addr, keys(p.explain)))
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

// explainedEvent notes an event expression.
func (b *builder) explainedEvent(s *stage, path string, x *expr.Expr, at hcl.Range) {
	if s.explain == nil {
		return
	}
	e := ExplainedAttribute{
		Path: path, Phase: EventPhase, Text: b.source(at), Type: x.Type(), Reads: x.Reads(), Fallbacks: x.Fallbacks(),
		Pos: posOf(at), offset: at.Start.Byte,
	}
	for _, f := range x.Folded() {
		e.Folded = append(e.Folded, FoldedPart{Source: b.source(f.Range), Value: f.Text})
	}
	s.explain.Attributes = append(s.explain.Attributes, e)
}

// source returns what is written at a range.
func (b *builder) source(r hcl.Range) string {
	f := b.module.files[r.Filename]
	if f == nil || !r.CanSliceBytes(f.Bytes) {
		return ""
	}
	return string(r.SliceBytes(f.Bytes))
}
