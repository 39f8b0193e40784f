package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// wire reads the inputs of all stages and checks that records can flow. Which
// outputs a stage has is known later, when its input is.
func (b *builder) wire() {
	for _, s := range b.order {
		if s.Role == graph.Source {
			continue
		}
		a := s.body.attr("from")
		if a == nil {
			b.fail(s.block.DefRange(), "missing from", "a %s takes its records from other stages; write from = source.NAME", s.Role)
			s.broken = true
			continue
		}
		b.readFrom(s, a)
		b.explained(s, "from", a, ReferencePhase)
	}
	b.checkEnds()
	if cycle := b.graph.Cycle(); cycle != nil {
		s := b.stages[cycle[0]]
		b.fail(s.body.attr("from").Expr.Range(), "stages form a cycle", "%s; records would never leave it: take one of the references out", strings.Join(cycle, " -> "))
	}
}

// checkEnds reports a pipeline that nothing enters or leaves.
func (b *builder) checkEnds() {
	has := map[graph.Role]bool{}
	for _, s := range b.order {
		has[s.Role] = true
	}
	for _, role := range []graph.Role{graph.Source, graph.Sink} {
		if has[role] || len(b.module.blocks[string(role)]) > 0 {
			continue
		}
		d := errorAnywhere("no "+string(role), "pipeline %q has no %s block; a pipeline is at least a source and a sink", b.graph.Name, role)
		if blocks := b.module.blocks["pipeline"]; len(blocks) > 0 {
			d.Subject = blocks[0].DefRange().Ptr()
		} else if len(b.order) > 0 {
			d.Subject = b.order[0].block.DefRange().Ptr()
		}
		b.add(d)
	}
}

// readFrom reads a reference or a list of them, or those of each input of a
// kind that has several. It is never evaluated.
func (b *builder) readFrom(s *stage, a *hclsyntax.Attribute) {
	if len(s.kind.transform.Ports) > 0 {
		b.readPorts(s, a)
		return
	}
	if e, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
		b.fail(e.Range(), "no named inputs", "%s %q has one input; write a reference, or a list of them", s.Role, s.Kind)
		s.broken = true
		return
	}
	b.readInputs(s, "", a.Expr)
}

// readInputs reads what comes in by one port.
func (b *builder) readInputs(s *stage, port string, e hclsyntax.Expression) {
	list, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		b.readInput(s, port, e)
		return
	}
	if len(list.Exprs) == 0 {
		b.fail(e.Range(), "empty from", "the list names no stage; write from = source.NAME")
		s.broken = true
	}
	for _, x := range list.Exprs {
		b.readInput(s, port, x)
	}
}

func (b *builder) readInput(s *stage, port string, e hclsyntax.Expression) {
	t, ok := b.reference(e)
	if !ok {
		detail := "from is a reference such as source.NAME or transform.NAME.OUTPUT, or a list of them"
		if str, quoted := literalString(e); quoted {
			detail = fmt.Sprintf("references stand without quotes: write from = %s", str)
		}
		b.fail(e.Range(), "not a reference", "%s", detail)
		s.broken = true
		return
	}
	in, ok := b.input(t)
	if !ok {
		s.broken = true
		return
	}
	in.Port = port
	for i, other := range s.Inputs {
		if other.From == in.From && other.Output == in.Output && other.Port == port {
			b.add(duplicate(t.SourceRange(), "input "+text(t), s.inputRanges[i]))
			return
		}
	}
	s.Inputs = append(s.Inputs, in)
	s.inputRanges = append(s.inputRanges, t.SourceRange())
}

// input resolves a reference to an output as far as the name of the stage.
func (b *builder) input(t hcl.Traversal) (graph.Input, bool) {
	in := graph.Input{Pos: posOf(t.SourceRange())}
	root := t.RootName()
	switch root {
	case graph.Errors:
		if len(t) > 1 {
			b.fail(t.SourceRange(), "not a reference", "errors stands alone; the errors of one stage are transform.NAME.errors")
			return in, false
		}
		in.From = graph.Errors
		return in, true
	case "module":
		b.fail(t.SourceRange(), "not available yet", "modules are for a later version")
		return in, false
	case string(graph.Sink):
		b.fail(t.SourceRange(), "a sink has no output", "records leave the pipeline at %s; take them from the stage that feeds it, and its failed records from errors", text(t))
		return in, false
	case string(graph.Source), string(graph.Transform):
	default:
		b.fail(t.SourceRange(), "unknown reference", "there is no %s; %s", text(t), b.hintRole(t))
		return in, false
	}
	name, _, ok := step(t, 1)
	if !ok || len(t) > 3 {
		b.fail(t.SourceRange(), "not a reference", "a reference is %s.NAME, or %s.NAME.OUTPUT; %s", root, root, hint("", b.outputs()))
		return in, false
	}
	in.From = root + "." + name
	if b.stages[in.From] == nil {
		b.fail(hcl.RangeBetween(t[0].SourceRange(), t[1].SourceRange()), "unknown reference", "there is no %s; %s", in.From, b.hintAddress(in.From))
		return in, false
	}
	if len(t) == 3 {
		in.Output, _, ok = step(t, 2)
		if !ok {
			b.fail(t[2].SourceRange(), "not a reference", "an output is written %s.OUTPUT", in.From)
		}
	}
	return in, ok
}

// hintAddress is a hint that also knows stages of the name in another role.
func (b *builder) hintAddress(addr string) string {
	_, name, _ := strings.Cut(addr, ".")
	for _, role := range []graph.Role{graph.Source, graph.Transform} {
		if other := string(role) + "." + name; b.stages[other] != nil {
			return fmt.Sprintf("did you mean %q?", other)
		}
	}
	if b.stages[string(graph.Sink)+"."+name] != nil {
		return fmt.Sprintf("sink.%s has no output", name)
	}
	return hint(addr, b.outputs())
}

// hintRole is a hint for a reference that does not begin with a role.
func (b *builder) hintRole(t hcl.Traversal) string {
	for _, role := range []graph.Role{graph.Source, graph.Transform} {
		if addr := string(role) + "." + t.RootName(); b.stages[addr] != nil {
			return fmt.Sprintf("did you mean %q?", string(role)+"."+text(t))
		}
	}
	return hint(text(t), b.outputs())
}

// outputs lists what from may name.
func (b *builder) outputs() []string {
	names := []string{graph.Errors}
	for _, s := range b.order {
		if s.Role != graph.Sink {
			names = append(names, s.Addr())
		}
	}
	return names
}

// addresses lists all stages.
func (b *builder) addresses() []string {
	var names []string
	for _, s := range b.order {
		names = append(names, s.Addr())
	}
	return names
}

// shapeOf returns the shape of an output that is in use, nil where it is not
// known. The stage must have been inferred.
func (b *builder) shapeOf(in graph.Input) *plugins.Shape {
	if in.From == graph.Errors || in.Output == graph.Errors {
		shape := graph.ErrorShape()
		return &shape
	}
	s := b.stages[in.From]
	if s == nil || s.broken {
		return nil
	}
	if i := s.Output(in.Output); i >= 0 {
		return &s.Outputs[i].Shape
	}
	return nil
}

// checkOutput reports a name that is not one of the outputs of its stage.
func (b *builder) checkOutput(in graph.Input, rng hcl.Range) bool {
	s := b.stages[in.From]
	if in.From == graph.Errors || in.Output == graph.Errors || s == nil || s.broken || s.Output(in.Output) >= 0 {
		return true
	}
	var names []string
	for _, o := range s.Outputs {
		if o.Name != "" {
			names = append(names, o.Name)
		}
	}
	switch {
	case in.Output == "":
		b.fail(rng, "which output", "%s has several outputs; write %s.OUTPUT; known: %s", in.From, in.From, strings.Join(names, ", "))
	case len(names) == 0:
		b.fail(rng, "unknown output", "%s has one output, without a name; write %s, or %s.errors for its failed records", in.From, in.From, in.From)
	default:
		b.fail(rng, "unknown output", "%s has no output %q; %s", in.From, in.Output, hint(in.Output, append(slices.Clone(names), graph.Errors)))
	}
	return false
}
