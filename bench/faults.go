package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// How long a bad module has for a call, and for how long its neighbour is watched.
const (
	faultTime  = 20 * time.Millisecond
	faultWatch = 3 * time.Second
	faultPause = 10 * time.Millisecond // before a module that was refused is tried again
	// faultPatience is how long a fault may take to be seen on a machine that has much else to do.
	faultPatience = 30 * time.Second
)

// What the p99 of the neighbour's L may be, and that of how long behind its deadline a module is ended.
const (
	faultBudget = 20 * time.Millisecond
	lateBudget  = 5 * time.Millisecond
)

// faultHCL is a pipeline that gives a module something to do 100 times a second, and writes what fails to a file.
func faultHCL(f fault, module, errors string) string {
	return fmt.Sprintf(`
pipeline "fault" {}

source "timer" "tick" {
  every = "10ms"
}

transform "wasm" "bad" {
  from   = source.tick
  module = %s
  value  = event
  %s
  limits {
    time  = %q
    start = %[3]q
  }
}

sink "discard" "out" {
  from = transform.bad
}

sink "file" "errors" {
  from   = errors
  path   = %[4]s
  format = "json"
  fsync  = "never"
}
`, strconv.Quote(module), f.more, faultTime, strconv.Quote(errors))
}

// besideFaults watches the latency of L while a pipeline beside it, in the same process, has a module that does harm; and how late a module
// is ended that loops. What else the machine does only adds to both: of some rounds the best one counts, and one within the budget is the last.
func (b *bench) besideFaults(ctx context.Context) error {
	if b.engine == nil {
		return nil
	}
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nL at %d records/s beside a module with a fault, best of up to %d rounds, ms\tp50\tp99\tmax\n", latencyRate, b.rounds)
	worst := 0.0
	for _, f := range append([]fault{{name: "none"}}, faults()...) {
		b.progress("faults: %s", f.name)
		found, err := b.bestRound(faultBudget, func() ([]time.Duration, error) { return b.beside(ctx, f) })
		if err != nil {
			return fmt.Errorf("beside a module with a fault, %s: %w", f.name, err)
		}
		if f.module != nil {
			worst = max(worst, milliseconds(quantile(found, 0.99)))
		}
		printLatencies(w, f.name, found)
	}
	late, err := b.bestRound(lateBudget, func() ([]time.Duration, error) { return lateness(ctx, 100) })
	if err != nil {
		return err
	}
	printLatencies(w, fmt.Sprintf("end of an endless loop, behind its %v", faultTime), late)
	b.budgets = append(b.budgets,
		budget{"faults: the neighbour's L", milliseconds(faultBudget), worst, "ms at p99, worst of the faults, best of the rounds"},
		budget{"faults: the end behind the deadline", milliseconds(lateBudget), milliseconds(quantile(late, 0.99)), "ms at p99, best of the rounds"})
	return w.Flush()
}

func printLatencies(w io.Writer, name string, sorted []time.Duration) {
	fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\n", name, milliseconds(quantile(sorted, 0.5)), milliseconds(quantile(sorted, 0.99)), milliseconds(quantile(sorted, 1)))
}

// bestRound returns what the round with the lowest p99 has found, sorted.
func (b *bench) bestRound(within time.Duration, round func() ([]time.Duration, error)) (best []time.Duration, err error) {
	for range b.rounds {
		found, err := round()
		if err != nil {
			return nil, err
		}
		slices.Sort(found)
		if best == nil || quantile(found, 0.99) < quantile(best, 0.99) {
			best = found
		}
		if quantile(best, 0.99) <= within {
			break
		}
	}
	return best, nil
}

// beside returns the latencies of L beside a fault.
func (b *bench) beside(ctx context.Context, f fault) ([]time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.harm(ctx, f) }()
	warmUp := int(latencyWarmUp.Seconds() * latencyRate)
	found, err := stream(ctx, filter{"engine", func(ctx context.Context, in io.Reader, out io.Writer) error {
		return b.engine(ctx, latencyHCL(), in, out, engineOptions{})
	}}, warmUp+int(min(b.latency, faultWatch).Seconds()*latencyRate))
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return nil, err
	}
	return found[warmUp:], nil
}

// harm runs a pipeline with a fault until ctx ends and the fault was seen, over and over where it is refused. An error is that something else has
// come of it than should.
func (b *bench) harm(ctx context.Context, f fault) (err error) {
	if f.module == nil {
		return nil
	}
	module, letters := filepath.Join(b.dir, "fault.wasm"), filepath.Join(b.dir, "fault.json")
	if err := os.WriteFile(module, f.module, 0o600); err != nil {
		return fmt.Errorf("write the module: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(letters)) }()
	var refusals atomic.Int64
	seen := func() bool {
		return f.effect == slow || f.effect == refused && refusals.Load() > 0 || f.effect == fails && failedWith(letters, f.says) == nil
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stop := context.AfterFunc(ctx, func() {
		for began := time.Now(); !seen() && time.Since(began) < faultPatience; {
			time.Sleep(faultPause)
		}
		end()
	})
	defer stop()
	for running.Err() == nil {
		err := b.engine(running, faultHCL(f, module, letters), bytes.NewReader(nil), io.Discard, engineOptions{})
		switch {
		case f.effect == refused && err != nil && strings.Contains(err.Error(), f.says):
			refusals.Add(1)
			time.Sleep(faultPause)
		case running.Err() == nil:
			return errors.Join(fmt.Errorf("its pipeline has ended, and not with %q", f.says), err)
		}
	}
	switch {
	case f.effect == fails:
		return failedWith(letters, f.says)
	case !seen():
		return fmt.Errorf("it was not refused with %q", f.says)
	}
	return nil
}

// failedWith reports an error where no record has failed with a text.
func failedWith(letters, says string) error {
	text, err := os.ReadFile(letters)
	if err == nil && bytes.Contains(text, []byte(says)) {
		return nil
	}
	return errors.Join(err, fmt.Errorf("no record has failed with %q, there is %.500q", says, text))
}

// lateness returns how long behind its deadline an endless loop ends.
func lateness(ctx context.Context, times int) ([]time.Duration, error) {
	l := host.DefaultLimits()
	l.Time = faultTime
	m, err := host.Load(ctx, call(wasmtest.Code(endless, nothing)).Bytes(), host.Config{Limits: l})
	if err != nil {
		return nil, err
	}
	defer m.Close(ctx) //nolint:errcheck // it is of no use any more
	var late []time.Duration
	for range times {
		i, err := m.Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		i.Begin(host.Call{})
		if _, err := i.Process(); err == nil {
			return nil, errors.New("an endless loop has ended")
		}
		late = append(late, time.Since(began)-faultTime)
		i.Discard()
	}
	return late, nil
}
