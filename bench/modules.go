package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/onstream/onstream/bench/limit"
)

// entry is a guest that does the work of P2, and how many times what the engine's own stages take it may take.
type entry struct {
	name, folder string
	hcl          func(in, out, module string) string
	ratio        float64
}

func entries() []entry {
	return []entry{
		{"module, C", "c", recordModuleHCL, 2.5},
		{"module, Rust", "rust", recordModuleHCL, 2.5},
		{"module, Go", "go", recordModuleHCL, 5},
		{"module, columns", "columns", columnModuleHCL, 1.3},
	}
}

// modules is P4: P2 by modules, against the same by the engine's own stages.
func (b *bench) modules(ctx context.Context) error {
	in, err := b.input(b.records)
	if err != nil {
		return err
	}
	c := &contest{
		name:     "P4",
		records:  b.records,
		programs: []*program{byHand("by hand, key order guessed", in, limit.FilterMap{Guess: true}.Run)},
		verify:   sameContent,
	}
	const stages = "engine's stages"
	if b.engine != nil {
		c.programs = append(c.programs, b.ours(stages, func(out string) string { return filterMapHCL(in, out, false) }))
		for _, e := range entries() {
			g, err := b.build(ctx, e.folder)
			if err != nil {
				return err
			}
			if g.module != "" {
				c.programs = append(c.programs, b.ours(e.name, func(out string) string { return e.hcl(in, out, g.module) }))
			}
		}
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	for _, e := range entries() {
		b.judgeRatio(c, e.name, stages, e.ratio)
	}
	if err := b.meter(ctx, in); err != nil {
		return fmt.Errorf("metering: %w", err)
	}
	if err := b.crossing(ctx); err != nil {
		return fmt.Errorf("crossing: %w", err)
	}
	if b.engine != nil {
		if err := b.foreign(ctx); err != nil {
			return err
		}
	}
	return b.cachedModule(ctx)
}

// cachedModule measures how long the binary takes to its first record through a module of Go that was compiled by a run before.
func (b *bench) cachedModule(ctx context.Context) error {
	if !b.hasBinary("P4, the first record through a module") {
		return nil
	}
	g, err := b.build(ctx, "go")
	if err != nil || g.module == "" {
		return err
	}
	dir, err := b.pipeline("cached-module", func(dir string) (string, error) {
		path := filepath.Join(dir, "telemetry.ndjson")
		return startModuleHCL(path, g.module), os.WriteFile(path, hotLines(100), 0o600)
	})
	if err != nil {
		return err
	}
	var firsts []float64
	for i := range b.starts + 1 {
		b.progress("P4: start %d of %d", i, b.starts)
		first, err := b.firstRecord(ctx, dir)
		if err != nil {
			return fmt.Errorf("start with a module: %w", err)
		}
		if i > 0 { // the first compiles it
			firsts = append(firsts, milliseconds(first))
		}
	}
	b.budgets = append(b.budgets, budget{"P4 start with a Go module", 150, spreadOf(firsts).median, "ms to the first record"})
	return nil
}
