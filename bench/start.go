package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/onstream/onstream/bench/telemetry"
)

// start measures the real binary: how long it takes to its first record, what
// it holds while it waits, and how large it is.
func (b *bench) start(ctx context.Context) error {
	if !b.hasBinary("start") {
		return nil
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return fmt.Errorf("find the binary: %w", err)
	}
	short, err := b.pipeline("start", func(dir string) (string, error) {
		path := filepath.Join(dir, "telemetry.ndjson")
		return startHCL(path), os.WriteFile(path, hotLines(100), 0o600)
	})
	if err != nil {
		return err
	}
	endless, err := b.pipeline("idle", func(string) (string, error) { return latencyHCL(), nil })
	if err != nil {
		return err
	}
	var firsts, idles []float64
	for i := range b.starts {
		b.progress("start: run %d of %d", i+1, b.starts)
		first, err := b.firstRecord(ctx, short)
		if err != nil {
			return fmt.Errorf("start: %w", err)
		}
		firsts = append(firsts, milliseconds(first))
		idle, err := b.idleMemory(ctx, endless)
		if err != nil {
			return fmt.Errorf("idle: %w", err)
		}
		idles = append(idles, mebibytes(idle))
	}
	first, idle, size := spreadOf(firsts), spreadOf(idles), mebibytes(info.Size())
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nstart, %d runs\tmedian\tmin\tmax\n", b.starts)
	fmt.Fprintf(w, "ms to the first record\t%.1f\t%.1f\t%.1f\n", first.median, first.min, first.max)
	fmt.Fprintf(w, "MiB resident when idle\t%.1f\t%.1f\t%.1f\n", idle.median, idle.min, idle.max)
	fmt.Fprintf(w, "MiB of binary\t%.1f\t\t\n", size)
	b.budgets = append(b.budgets,
		budget{"start", 60, first.median, "ms to the first record"},
		budget{"idle", 40, idle.median, "MiB resident"},
		budget{"binary", 40, size, "MiB"})
	return w.Flush()
}

// pipeline makes a directory with the pipeline that hcl returns for it.
func (b *bench) pipeline(name string, hcl func(dir string) (string, error)) (dir string, err error) {
	dir = b.path(name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make pipeline: %w", err)
	}
	text, err := hcl(dir)
	if err != nil {
		return "", fmt.Errorf("make pipeline: %w", err)
	}
	return dir, os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600)
}

// hotLines returns n lines that pass the filter.
func hotLines(n int) []byte {
	g := telemetry.New(telemetry.Config{Hot: true})
	var lines []byte
	for range n {
		lines = g.Append(lines)
	}
	return lines
}
