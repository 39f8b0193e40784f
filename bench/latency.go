package main

import (
	"context"
	"fmt"
	"io"
	"runtime/pprof"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/onstream/onstream/bench/limit"
)

// Rate of L and how long it runs before it counts. Warming up covers the
// building of the pipeline.
const (
	latencyRate   = 10_000
	latencyWarmUp = time.Second
)

// filter is a program that does P2 from a stream to a stream.
type filter struct {
	name string
	run  func(ctx context.Context, in io.Reader, out io.Writer) error
}

// latencies is L: how long after its sending a record is read at the other
// end.
func (b *bench) latencies(ctx context.Context) error {
	programs := []filter{{"by hand", func(_ context.Context, in io.Reader, out io.Writer) error {
		_, err := limit.FilterMap{Guess: true, Time: true}.Run(out, in)
		return err
	}}}
	if b.engine != nil {
		programs = append(programs, filter{"engine", func(ctx context.Context, in io.Reader, out io.Writer) error {
			return b.engine(ctx, latencyHCL(), in, out, engineOptions{})
		}})
	}
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nL at %d records/s, ms\tp50\tp99\tmax\trecords\n", latencyRate)
	for _, p := range programs {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.progress("L: %s, %v", p.name, b.latency+latencyWarmUp)
		var found []time.Duration
		var err error
		pprof.Do(ctx, pprof.Labels("program", "L "+p.name), func(ctx context.Context) {
			warmUp := int(latencyWarmUp.Seconds() * latencyRate)
			found, err = stream(ctx, p, warmUp+int(b.latency.Seconds()*latencyRate))
			found = found[min(warmUp, len(found)):]
		})
		if err != nil {
			return fmt.Errorf("latency, %s: %w", p.name, err)
		}
		slices.Sort(found)
		p99 := milliseconds(quantile(found, 0.99))
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%d\n", p.name, milliseconds(quantile(found, 0.5)), p99, milliseconds(quantile(found, 1)), len(found))
		if p.name == "engine" {
			b.budgets = append(b.budgets, budget{"L engine", 5, p99, "ms at p99"})
		}
	}
	return w.Flush()
}

func milliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}
