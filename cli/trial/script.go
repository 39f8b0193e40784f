package trial

import (
	"context"
	"fmt"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// script hands over the steps, one after the other, whichever source they
// are of.
type script struct {
	graph    *graph.Graph
	registry *plugins.Registry
	steps    []step
	tape     *tape

	mu     sync.Mutex
	failed error
}

type step struct {
	Step
	index    int
	ready    <-chan struct{} // closed when the step before is finished
	finished chan struct{}
}

func newScript(c Config, tape *tape) *script {
	s := &script{graph: c.Graph, registry: c.Registry, tape: tape}
	start := make(chan struct{})
	close(start)
	var before <-chan struct{} = start
	for i, given := range c.Steps {
		finished := make(chan struct{})
		s.steps = append(s.steps, step{given, i, before, finished})
		before = finished
	}
	return s
}

func (s *script) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
}

func (s *script) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// source makes the source that stands for the stage of env.
func (s *script) source(_ plugins.Config, env plugins.Env) (plugins.Source, error) {
	stage := s.graph.Stage(env.Stage)
	if stage == nil {
		return nil, fmt.Errorf("there is no stage %s", env.Stage)
	}
	return &actor{s, stage}, nil
}

// actor is a source that follows the script.
type actor struct {
	script *script
	stage  *graph.Stage
}

var _ plugins.Source = (*actor)(nil)

// Run hands over the steps of this source, each in its turn.
func (a *actor) Run(ctx context.Context, out plugins.Outlet) error {
	for _, st := range a.script.steps {
		if st.Source != a.stage.Addr() {
			continue
		}
		if err := wait(ctx, st.ready); err != nil {
			return err
		}
		a.script.tape.begin(st.index)
		if err := a.play(ctx, st, out); err != nil {
			return err
		}
	}
	return nil
}

func (a *actor) play(ctx context.Context, st step, out plugins.Outlet) error {
	b := out.Batch()
	if err := fill(b, a.stage, a.script.registry, st.Rows); err != nil {
		b.Release()
		return ofStep(err, st.index)
	}
	b.Part = plugins.Partition{Name: "trial"}
	b.Offsets = b.SpareOffsets()
	for i := range b.Len {
		b.Offsets = append(b.Offsets, int64(i))
	}
	err := out.Hand(ctx, plugins.Delivery{
		Batch: b,
		Ack:   func() { close(st.finished) },
		Nack: func(err error) {
			a.script.fail(err)
			close(st.finished)
		},
	})
	if err != nil {
		return err
	}
	return wait(ctx, st.finished)
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
