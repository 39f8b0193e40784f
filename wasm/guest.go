package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// guest is the instance of a stage, which is made again when it has failed.
type guest struct {
	settings []byte // a frame
	module   *host.Module
	instance *host.Instance // nil before the first call, and after a fault
	// snapshots are what the instance is restored from: what it, or those whose keys it has now, have kept at
	// the last checkpoint.
	snapshots [][]byte
	foreign   foreign.Guest     // in place of an instance, where the module was written for another host
	called    bool              // since the last snapshot
	metrics   []*plugins.Metric // by the number that the instance has for them
	// first and last are the groups of the lane; others says that some but the first have snapshots.
	first, last plugins.Group
	others      bool
}

// load compiles the module, unless another instance of the stage has done that.
func (s *stage) load(ctx context.Context) error {
	if s.guest.module != nil {
		return nil
	}
	l, err := plugins.Share(s.env.Shared, "module", func() (*lease, error) {
		return s.lib.lend(ctx, s.plan, s.logger)
	})
	if err != nil {
		return err
	}
	s.guest.module = l.Module
	return nil
}

// ready makes an instance.
func (s *stage) ready(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	if err := s.refresh(); err != nil {
		return err
	}
	fault, err := s.instantiate()
	if fault != nil {
		return fault
	}
	return err
}

func (s *stage) instantiate() (*host.Fault, error) {
	if s.plan.foreign != nil {
		_, fault := s.guest.getForeign(s)
		return fault, nil
	}
	_, fault, err := s.guest.get(s)
	return fault, err
}

// get returns the instance, a new one where there is none. One that cannot be made is the module's fault.
func (g *guest) get(s *stage) (*host.Instance, *host.Fault, error) {
	if g.instance != nil {
		return g.instance, nil, nil
	}
	i, err := g.module.Instantiate(s.log, s.env.Now().UnixMicro(), g.settings)
	if err != nil {
		return nil, faultOf(err), nil
	}
	for _, blob := range g.snapshots {
		i.Begin(host.Call{Now: s.env.Now().UnixMicro(), Watermark: s.watermark()})
		if err := i.Restore(blob); err != nil {
			i.Discard()
			return nil, faultOf(fmt.Errorf("restore: %w", err)), nil
		}
	}
	g.instance = i
	g.define(s.env.Metrics)
	s.breaker.health.instances.Record(1)
	return i, nil, nil
}

// faultOf is an error in making an instance.
func faultOf(err error) *host.Fault {
	var f *host.Fault
	if errors.As(err, &f) {
		return host.Faultf(f.Code, "%v", err)
	}
	return host.Faultf(host.Trap, "%v", err)
}

// discard throws the instance away.
func (g *guest) discard() {
	g.instance.Discard()
	g.instance = nil
}
