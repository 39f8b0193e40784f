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
	"text/tabwriter"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// How long a bad module has for a call, and for how long its neighbour is watched.
const (
	faultTime  = 20 * time.Millisecond
	faultWatch = 3 * time.Second
	// faultBudget is what the neighbour's p99 may be. A round that is within it is the last.
	faultBudget = 20 * time.Millisecond
)

// fault is a module that does harm.
type fault struct {
	name   string
	module []byte
}

// faults are modules that do what they should not with every record, and at their start.
func faults() []fault {
	var (
		loop = []byte{0x03, 0x40, 0x0c, 0, 0x0b}
		drop = []byte{0x1a}
		zero = wasmtest.I64(0)
	)
	forever := func(code ...[]byte) []byte {
		return wasmtest.Code([]byte{0x03, 0x40}, wasmtest.Code(code...), []byte{0x0c, 0, 0x0b}, zero)
	}
	process := func(code []byte, imports ...wasmtest.HostFunc) wasmtest.Behaviour {
		return wasmtest.Behaviour{Imports: imports, Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: code}}}
	}
	own := func(name, params, results string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: abi.Module, Name: name, Params: params, Results: results}
	}
	start := process(zero)
	start.Start = loop
	var bomb wasmtest.Behaviour
	for k := range 80 {
		x := wasmtest.Export{Name: "f" + strconv.Itoa(k), Params: "ii", Results: "I", Code: append(bytes.Repeat(wasmtest.CallOf(0), 49_000), zero...)}
		if k == 0 {
			x.Name = abi.Process
		}
		bomb.Funcs = append(bomb.Funcs, x)
	}
	return []fault{
		{"endless loop in a call", process(append(loop, zero...)).Bytes()},
		{"endless loop at the start", start.Bytes()},
		{"recursion", process(wasmtest.Code([]byte{0x20, 0, 0x20, 1}, wasmtest.CallOf(2))).Bytes()},
		{"trap", process([]byte{0}).Bytes()},
		{"memory that grows", process(forever(wasmtest.I32(1), []byte{0x40, 0}, drop)).Bytes()},
		{"memory that is filled", process(forever(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(4<<20), []byte{0xfc, 11, 0})).Bytes()},
		{"pointer outside", process(wasmtest.Code(wasmtest.I32(-1), wasmtest.I32(2), wasmtest.CallOf(0), zero), own("error", "ii", "")).Bytes()},
		{"calls of the host", process(forever(wasmtest.I32(0), wasmtest.CallOf(0), drop), own("log_enabled", "i", "i")).Bytes()},
		{"much output", process(forever(wasmtest.I32(0), wasmtest.I32(1<<20), wasmtest.CallOf(0), drop), own("emit", "ii", "i")).Bytes()},
		{"7.5 MB to compile", bomb.Bytes()},
	}
}

// faultHCL is a pipeline that gives a module something to do 100 times a second.
func faultHCL(module string) string {
	return fmt.Sprintf(`
pipeline "fault" {}

source "timer" "tick" {
  every = "10ms"
}

transform "wasm" "bad" {
  from   = source.tick
  module = %s
  value  = event
  limits { time = %q }
}

sink "discard" "out" {
  from = transform.bad
}

sink "discard" "errors" {
  from = errors
}
`, strconv.Quote(module), faultTime)
}

// besideFaults watches, in the best of some rounds, the latency of L while a pipeline beside it, in the same process, has a module that does harm; and
// how late a module is ended that loops.
func (b *bench) besideFaults(ctx context.Context) error {
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nL at %d records/s beside a module with a fault, ms\tp50\tp99\tmax\n", latencyRate)
	worst := 0.0
	for _, f := range append([]fault{{name: "none"}}, faults()...) {
		b.progress("faults: %s", f.name)
		var found []time.Duration
		for range b.rounds { // what else the machine does only adds to it
			again, err := b.beside(ctx, f)
			if err != nil {
				return fmt.Errorf("beside a module with a fault, %s: %w", f.name, err)
			}
			if found == nil || quantile(again, 0.99) < quantile(found, 0.99) {
				found = again
			}
			if quantile(found, 0.99) < faultBudget {
				break
			}
		}
		p99 := milliseconds(quantile(found, 0.99))
		if f.module != nil {
			worst = max(worst, p99)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\n", f.name, milliseconds(quantile(found, 0.5)), p99, milliseconds(quantile(found, 1)))
	}
	late, err := lateness(ctx, 100)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "end of an endless loop, behind its %v\t%.2f\t%.2f\t%.2f\n", faultTime, milliseconds(quantile(late, 0.5)), milliseconds(quantile(late, 0.99)), milliseconds(quantile(late, 1)))
	b.budgets = append(b.budgets,
		budget{"faults: the neighbour's L", milliseconds(faultBudget), worst, "ms at p99"},
		budget{"faults: the end behind the deadline", 5, milliseconds(quantile(late, 0.5)), "ms at p50"})
	return w.Flush()
}

// beside returns the latencies of L beside a fault, sorted.
func (b *bench) beside(ctx context.Context, f fault) ([]time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	if f.module == nil {
		ended <- nil
	} else {
		path := filepath.Join(b.dir, "fault.wasm")
		if err := os.WriteFile(path, f.module, 0o600); err != nil {
			return nil, fmt.Errorf("write the module: %w", err)
		}
		go func() {
			// One that does not start has failed as it should.
			_ = b.engine(ctx, faultHCL(path), bytes.NewReader(nil), io.Discard, engineOptions{})
			ended <- nil
		}()
	}
	warmUp := int(latencyWarmUp.Seconds() * latencyRate)
	found, err := stream(ctx, filter{"engine", func(ctx context.Context, in io.Reader, out io.Writer) error {
		return b.engine(ctx, latencyHCL(), in, out, engineOptions{})
	}}, warmUp+int(faultWatch.Seconds()*latencyRate))
	stop()
	err = errors.Join(err, <-ended)
	found = found[min(warmUp, len(found)):]
	slices.Sort(found)
	return found, err
}

// lateness returns how long behind its deadline an endless loop ends, sorted.
func lateness(ctx context.Context, times int) ([]time.Duration, error) {
	l := host.DefaultLimits()
	l.Time = faultTime
	m, err := host.Load(ctx, faults()[0].module, host.Config{Limits: l})
	if err != nil {
		return nil, err
	}
	defer m.Close(ctx) //nolint:errcheck // it is of no use any more
	var late []time.Duration
	for range times {
		i, err := m.Instantiate(slog.New(slog.DiscardHandler), 0, nil)
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
	slices.Sort(late)
	return late, nil
}
