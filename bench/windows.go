package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/runtime"
)

// windowShare is how many times as many records P3 reads as the others, so that
// it lasts a few checkpoints.
const windowShare = 8

// windowMean is P3.
func (b *bench) windowMean(ctx context.Context) error {
	records := windowShare * b.records
	in, err := b.input(records)
	if err != nil {
		return err
	}
	c := &contest{
		name:    "P3",
		records: records,
		programs: []*program{
			byHand("by hand, one-pass scan", in, limit.WindowMean{}.Run),
			byHand("by hand, key order guessed", in, limit.WindowMean{Guess: true}.Run),
		},
		verify: sameLines,
	}
	taken := &checkpoints{}
	if b.engine != nil {
		c.programs = append(c.programs,
			b.ours("engine", func(out string) string { return windowMeanHCL(in, out) }),
			b.checkpointed("engine, checkpoints", func(out string) string { return windowMeanHCL(in, out) }, taken))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	taken.print(b.stdout)
	b.judge(c, "engine", 900, 1.7)
	b.judgeRatio(c, "engine, checkpoints", "engine", 1.3)
	return nil
}

// checkpointed enters the engine with a checkpoint each second, which is on
// disk before it counts: the defaults where state is kept. Each run begins
// without state.
func (b *bench) checkpointed(name string, hcl func(out string) string, taken *checkpoints) *program {
	return &program{name: name, run: func(ctx context.Context, out string) error {
		state, err := os.MkdirTemp(b.dir, "state-")
		if err != nil {
			return fmt.Errorf("make a directory for the state: %w", err)
		}
		o := engineOptions{state: state, watch: taken.see}
		err = b.engine(ctx, hcl(out), bytes.NewReader(nil), io.Discard, o)
		taken.ended()
		return err
	}}
}

// checkpoints is what is known about those of several runs.
type checkpoints struct {
	counts []float64 // per run
	last   runtime.CheckpointStats
	pauses []float64 // ms
	tooks  []float64 // ms
	sizes  []float64 // MiB
}

// see takes in what an engine tells about itself.
func (c *checkpoints) see(s runtime.Stats) {
	if s.Checkpoint.Number == c.last.Number {
		return
	}
	c.last = s.Checkpoint
	c.pauses = append(c.pauses, milliseconds(c.last.Paused))
	c.tooks = append(c.tooks, milliseconds(c.last.Took))
	c.sizes = append(c.sizes, mebibytes(int64(c.last.Bytes)))
}

// ended notes that a run has ended.
func (c *checkpoints) ended() {
	c.counts = append(c.counts, float64(c.last.Number))
	c.last = runtime.CheckpointStats{}
}

// print prints how many checkpoints there were and what they cost.
func (c *checkpoints) print(out io.Writer) {
	if len(c.pauses) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ncheckpoints\tmedian\tmin\tmax")
	for _, row := range []struct {
		what   string
		values []float64
	}{
		{"in a run", c.counts}, {"ms that records waited", c.pauses}, {"ms until stored", c.tooks}, {"MiB", c.sizes},
	} {
		s := spreadOf(row.values)
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\n", row.what, s.median, s.min, s.max)
	}
	w.Flush()
}

// sameLines reports a line that is not in two files equally often: results of
// different devices have no order.
func sameLines(want, got string) error {
	wants, err := sortedLines(want)
	if err != nil {
		return err
	}
	gots, err := sortedLines(got)
	if err != nil {
		return err
	}
	if len(wants) != len(gots) {
		err = fmt.Errorf("%d lines, want %d", len(gots), len(wants))
	}
	for i := range min(len(wants), len(gots)) {
		if wants[i] != gots[i] {
			return errors.Join(err, fmt.Errorf("sorted, line %d is %q, want %q", i+1, gots[i], wants[i]))
		}
	}
	return err
}

func sortedLines(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(strings.Lines(string(text))), nil
}
