package runtime

import (
	"context"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// openSinks makes the sinks of stages; on an error none stays open.
func (e *Engine) openSinks(ctx context.Context, stages []*graph.Stage) (map[string]plugins.Sink, error) {
	sinks := map[string]plugins.Sink{}
	for _, s := range stages {
		if s.Role != graph.Sink {
			continue
		}
		sink, err := e.newSink(s, false)
		if err == nil {
			err = e.openSink(ctx, s, sink)
		}
		if err != nil {
			closeAll(ctx, sinks)
			return nil, err
		}
		sinks[s.Addr()] = sink
	}
	return sinks, nil
}

func closeAll(ctx context.Context, sinks map[string]plugins.Sink) {
	for _, s := range sinks {
		if c, ok := s.(plugins.Closer); ok {
			_ = c.Close(ctx) // nothing was written, and another error is being reported
		}
	}
}

// mustWait reports whether what reaches a sink is to be in a checkpoint before
// it is written: where it could be different the next time, and the pipeline
// requires that a repeat has no effect.
func (e *Engine) mustWait(g *graph.Graph, sink *graph.Stage) bool {
	if g.Require != graph.EffectivelyOnce && g.Require != graph.ExactlyOnce || !e.state.durable {
		return false
	}
	if e.transactional(g) == sink {
		return false // it becomes visible with the checkpoint
	}
	return slices.ContainsFunc(g.Upstream(sink), func(s *graph.Stage) bool {
		return s.IsVolatile(s.Description(e.config.Registry))
	})
}

// newSink makes the sink of a stage; replaces says that one of its address
// has run.
func (e *Engine) newSink(s *graph.Stage, replaces bool) (plugins.Sink, error) {
	kind, ok := s.SinkKind(e.config.Registry)
	if !ok {
		return nil, fmt.Errorf("%s: no sink kind %q is registered", s.Addr(), s.Kind)
	}
	env := e.env(s)
	env.Replaces = replaces
	var err error
	if env.Connection, err = e.via.of(s); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	sink, err := kind.New(s.Config, env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	return sink, nil
}

// openSink sees whether a sink will work. What may pass is not an error.
func (e *Engine) openSink(ctx context.Context, s *graph.Stage, sink plugins.Sink) error {
	o, ok := sink.(plugins.Opener)
	if !ok {
		return nil
	}
	err := o.Open(ctx)
	if plugins.IsPermanent(err) {
		return fmt.Errorf("%s: %w", s.Addr(), err)
	}
	if err != nil {
		e.config.Logger.Warn("sink cannot be opened yet; it is tried again with the first record", "stage", s.Addr(), "error", err)
	}
	return nil
}
