package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// sharedOf returns what the instances of each transform have in common: what
// those of the old topology had, where the stage is the same.
func sharedOf(g *graph.Graph, old *topology) map[string]*plugins.Shared {
	shared := map[string]*plugins.Shared{}
	for _, s := range g.Stages {
		if s.Role != graph.Transform {
			continue
		}
		shared[s.Addr()] = new(plugins.Shared)
		if old == nil {
			continue
		}
		if was := old.graph.Stage(s.Addr()); was != nil && was.Fingerprint() == s.Fingerprint() {
			shared[s.Addr()] = old.shared[s.Addr()]
		}
	}
	return shared
}

// open lets the new transforms of a topology find out whether they will work,
// one instance of each.
func (t *topology) open(ctx context.Context, old *topology) error {
	opened := map[string]bool{}
	for _, chains := range t.chains {
		for _, c := range chains {
			for addr, i := range c.stages {
				o, ok := i.transform.(plugins.Opener)
				if !ok || opened[addr] || old != nil && old.shared[addr] == t.shared[addr] {
					continue
				}
				opened[addr] = true
				err := o.Open(ctx)
				if plugins.IsPermanent(err) {
					return fmt.Errorf("%s: %w", addr, err)
				}
				if err != nil {
					t.engine.config.Logger.Warn("a stage does not work yet, and is tried again when there is something for it", "stage", addr, "error", err)
				}
			}
		}
	}
	return nil
}

// closeShared closes what the instances of transforms had in common that the
// next topology does not go on with.
func (t *topology) closeShared(next *topology) {
	for _, addr := range slices.Sorted(maps.Keys(t.shared)) {
		if next != nil && next.shared[addr] == t.shared[addr] {
			continue
		}
		if err := t.shared[addr].Close(context.Background()); err != nil {
			t.engine.config.Logger.Warn("what a stage used was not closed in order", "stage", addr, "error", err)
		}
	}
}
