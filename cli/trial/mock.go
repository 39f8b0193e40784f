package trial

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Mock is what an output of a transform gives in place of what the transform would make of its input. A transform of which
// one output is mocked is not made at all, and its other outputs give what other mocks say.
type Mock struct {
	Stage  string // address
	Output string
	Rows   []Row
}

// standIn takes the place of a transform. It drops what it is given, and with the first of that it gives the
// rows of its mocks. Its instances are one.
type standIn struct {
	stage    *graph.Stage
	registry *plugins.Registry
	pool     plugins.Pool

	mu    sync.Mutex
	mocks []Mock // that have not been given
}

var _ plugins.Ported = (*standIn)(nil)

// newStandIns returns what takes the places of transforms, by their addresses.
func newStandIns(c Config) map[string]*standIn {
	all := map[string]*standIn{}
	for _, m := range c.Mocks {
		s := all[m.Stage]
		if s == nil {
			s = &standIn{stage: c.Graph.Stage(m.Stage), registry: c.Registry}
			all[m.Stage] = s
		}
		s.mocks = append(s.mocks, m)
	}
	return all
}

// mockKind begins the names of the kinds of mocked stages. The space keeps them apart from kinds that can be registered by
// anybody else.
const mockKind = "trial mock "

// kind is that of the transform, but that what is made of it is new: nothing of it was decoded before.
func (s *standIn) kind() plugins.TransformKind {
	k, _ := s.stage.TransformKind(s.registry)
	outputs := k.Outputs
	k.Name = mockKind + s.stage.Addr()
	k.Outputs = func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
		outs := []plugins.Output{{Shape: in}}
		if outputs != nil {
			var err error
			if outs, err = outputs(in, c); err != nil {
				return nil, err
			}
		}
		return renewed(outs), nil
	}
	k.New = func(plugins.Config, plugins.Env) (plugins.Transform, error) { return s, nil }
	return k
}

func renewed(outs []plugins.Output) []plugins.Output {
	outs = slices.Clone(outs)
	for i := range outs {
		outs[i].Shape.Generation++
	}
	return outs
}

// withStandIns returns the graph with other kinds for the stages that are mocked.
func withStandIns(g *graph.Graph, mocked map[string]*standIn) *graph.Graph {
	changed := *g
	changed.Stages = slices.Clone(g.Stages)
	for i, s := range g.Stages {
		if m := mocked[s.Addr()]; m != nil {
			stage := *s
			stage.Kind, stage.Outputs = m.kind().Name, renewed(s.Outputs)
			changed.Stages[i] = &stage
		}
	}
	return &changed
}

// Process implements [plugins.Transform].
func (s *standIn) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	out.Drop(len(b.Sel))
	b.Sel = b.Sel[:0]
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mocks {
		if err := s.give(m, out); err != nil {
			return fmt.Errorf("mock %s: %w", m.Stage, err)
		}
	}
	s.mocks = nil
	return nil
}

// ProcessPort implements [plugins.Ported].
func (s *standIn) ProcessPort(ctx context.Context, _ int, b *plugins.Batch, out plugins.Emitter) error {
	return s.Process(ctx, b, out)
}

// give gives the rows of an output.
func (s *standIn) give(m Mock, out plugins.Emitter) error {
	i := s.stage.Output(m.Output)
	if i < 0 {
		return fmt.Errorf("it has no output %q", m.Output)
	}
	if len(m.Rows) == 0 {
		return nil
	}
	b := s.pool.Batch()
	defer b.Release()
	if err := fillShape(b, s.stage.Outputs[i].Shape, s.registry, m.Rows); err != nil {
		return err
	}
	out.Make(len(m.Rows))
	out.Emit(i, b)
	return nil
}
