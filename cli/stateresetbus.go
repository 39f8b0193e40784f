package cli

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// onBus forgets what the buses have of the partitions of sources, of the claims
// that are stored.
func (r *reset) onBus(sources []string, claims map[string]string) error {
	kinds, err := r.registry(r.stdout)
	if err != nil {
		return failed(err)
	}
	l, err := r.load(context.Background(), r.files, kinds, r.values.options(r.cli))
	if err != nil {
		return err
	}
	g := l.graph()
	if g.Name != r.pipeline {
		return invalid(fmt.Errorf("%s is the pipeline %s, and this is the state of %s: name the files of that one", r.files, g.Name, r.pipeline))
	}
	for _, addr := range sources {
		s := g.Stage(addr)
		if s == nil || s.Origin() != claims[addr] {
			return invalid(fmt.Errorf("%s has no %s of kind %s: name the files of the pipeline as it ran, or forget it here only, with --local", r.files, addr, claims[addr]))
		}
		if err := r.onBusOf(s, runtime.InLogs(claims)[addr]); err != nil {
			return failed(err)
		}
	}
	return nil
}

func (r *reset) onBusOf(s *graph.Stage, ps []plugins.Partition) error {
	kind, config := s.Config.Connector()
	x, err := r.connect(&dsl.Connection{Pipeline: r.pipeline, Name: s.Via, Kind: kind, Config: config}, r.dir)
	if err != nil {
		return err
	}
	logs, ok := x.Connection.(plugins.StateLogs)
	if !ok {
		return x.close(fmt.Errorf("%s: a connector of kind %s has no log of state: name the files of the pipeline as it ran, or forget it here only, with --local", x.addr, kind.Name))
	}
	ctx, cancel := context.WithTimeout(context.Background(), busPatience)
	defer cancel()
	if err := x.close(runtime.ForgetLogs(ctx, logs, r.pipeline, s, ps)); err != nil {
		return fmt.Errorf("%s: %w", x.addr, err)
	}
	return nil
}
