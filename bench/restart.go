package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// restartKeys is how many keys the pipeline that is started again has.
const restartKeys = 100

// restart measures how long the real binary takes from its start until an idle
// pipeline with state goes on.
func (b *bench) restart(ctx context.Context) error {
	if !b.hasBinary("restart") {
		return nil
	}
	dir, in, err := b.followed("restart", "")
	if err != nil {
		return err
	}
	if err := appendReadings(in, restartKeys, 0, func(i int) int { return i }); err != nil {
		return err
	}
	var readies []float64
	for i := range b.starts + 1 {
		b.progress("restart: run %d of %d", i, b.starts)
		ready, err := b.restartOnce(ctx, dir, i == 0)
		if err != nil {
			return fmt.Errorf("restart: %w", err)
		}
		if i > 0 {
			readies = append(readies, milliseconds(ready))
		}
	}
	ready := spreadOf(readies)
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nrestart with state, %d runs\tmedian\tmin\tmax\n", b.starts)
	fmt.Fprintf(w, "ms until it is ready\t%.1f\t%.1f\t%.1f\n", ready.median, ready.min, ready.max)
	b.budgets = append(b.budgets, budget{"restart", 100, ready.median, "ms until it is ready"})
	return w.Flush()
}

// restartOnce returns how long it takes until the pipeline runs. In the first
// run there is no state yet, and it goes on until there is.
func (b *bench) restartOnce(ctx context.Context, dir string, first bool) (ready time.Duration, err error) {
	s, err := b.serve(ctx, dir, filepath.Join(dir, "state"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.awaitReady(ctx); err != nil {
		return 0, err
	}
	ready = time.Since(s.started)
	if first {
		err = s.awaitAbsorbed(ctx, restartKeys)
	}
	return ready, err
}
