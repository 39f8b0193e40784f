package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/meter"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// frameRows is how many records are in the frame that metering is measured with.
const frameRows = 1024

// meter measures what it costs a guest to be metered: the same frame, given to it over and over, as its compiler has made it and as it
// is run. No stage is around it.
func (b *bench) meter(ctx context.Context, in string) error {
	g, err := b.build(ctx, "scalar")
	if err != nil || g.module == "" {
		return err
	}
	plain, err := g.read()
	if err != nil {
		return err
	}
	decoded, err := binary.Decode(plain, binary.DefaultBounds())
	if err != nil {
		return err
	}
	metered, err := meter.Rewrite(decoded, meter.Config{Module: "meter", Name: "tick", Steps: 100_000, Stack: 1 << 20, Pages: 1024})
	if err != nil {
		return err
	}
	frame, err := recordsFrame(in)
	if err != nil {
		return err
	}
	without, err := newBareGuest(ctx, plain, frame)
	if err != nil {
		return err
	}
	with, err := newBareGuest(ctx, metered, frame)
	if err != nil {
		return err
	}
	var costs, plains []float64
	for range b.rounds {
		p, m, err := compare(ctx, without, with)
		if err != nil {
			return err
		}
		plains, costs = append(plains, p/frameRows), append(costs, m/p)
	}
	p, m := spreadOf(plains), spreadOf(costs)
	fmt.Fprintf(b.stdout, "\nP4, a scalar guest without metering: %.0f (%.0f to %.0f) ns per record; with it %.2f (%.2f to %.2f) times that\n", p.median, p.min, p.max, m.median, m.min, m.max)
	b.budgets = append(b.budgets, budget{"P4 metering", 1.4, m.median, "times without it"})
	return errors.Join(without.Close(ctx), with.Close(ctx))
}

// recordsFrame returns a frame of the first lines of a file.
func recordsFrame(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines [][]byte
	size := 0
	for s := bufio.NewScanner(f); len(lines) < frameRows && s.Scan(); size += len(s.Bytes()) {
		lines = append(lines, append([]byte(nil), s.Bytes()...))
	}
	frame := make([]byte, abi.RecordsSize(len(lines), 0, size))
	w := abi.NewRecordsWriter(frame, len(lines), 0, abi.NoTime)
	for _, line := range lines {
		w.Add(abi.NoTime, 0, nil, line, 0)
	}
	return frame, nil
}

// bareGuest is a guest with a frame in its memory, and no host around it.
type bareGuest struct {
	wazero.Runtime
	process api.Function
	at, len uint64
}

func newBareGuest(ctx context.Context, module, frame []byte) (*bareGuest, error) {
	g := &bareGuest{Runtime: wazero.NewRuntime(ctx), len: uint64(len(frame))}
	nothing := api.GoModuleFunc(func(context.Context, api.Module, []uint64) {})
	i32 := api.ValueTypeI32
	_, err := g.NewHostModuleBuilder("meter").NewFunctionBuilder().WithGoModuleFunction(nothing, []api.ValueType{i32}, nil).Export("tick").Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	_, err = g.NewHostModuleBuilder(abi.Module).NewFunctionBuilder().WithGoModuleFunction(nothing, []api.ValueType{i32, i32}, nil).Export("error").Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	instance, err := g.Instantiate(ctx, module)
	if err != nil {
		return nil, err
	}
	at, err := instance.ExportedFunction(abi.Alloc).Call(ctx, g.len)
	if err != nil {
		return nil, err
	}
	g.at, g.process = at[0], instance.ExportedFunction(abi.Process)
	if !instance.Memory().Write(uint32(g.at), frame) {
		return nil, errors.New("the frame is outside of the guest's memory")
	}
	return g, nil
}

// samples is how many short measurements there are of each guest, in turns. The fastest counts, which nothing else has disturbed.
const (
	samples    = 20
	sampleTime = 10 * time.Millisecond
)

// compare returns the ns of a call of each of two guests.
func compare(ctx context.Context, one, two *bareGuest) (ns1, ns2 float64, err error) {
	ns1, ns2 = math.Inf(1), math.Inf(1)
	for range samples {
		a, err := one.measure(ctx)
		if err != nil {
			return 0, 0, err
		}
		b, err := two.measure(ctx)
		if err != nil {
			return 0, 0, err
		}
		ns1, ns2 = min(ns1, a), min(ns2, b)
	}
	return ns1, ns2, nil
}

// measure returns the ns of a call.
func (g *bareGuest) measure(ctx context.Context) (float64, error) {
	var stack [2]uint64
	calls, start := 0, time.Now()
	for ; time.Since(start) < sampleTime; calls++ {
		stack = [2]uint64{g.at, g.len}
		if err := g.process.CallWithStack(ctx, stack[:]); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(start).Nanoseconds()) / float64(calls), nil
}

// crossing measures what it costs to go from the host into a guest and back, where the guest does nothing.
func (b *bench) crossing(ctx context.Context) (err error) {
	module := wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}.Bytes()
	m, err := host.Load(ctx, module, host.Config{Limits: host.DefaultLimits()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close(ctx)) }()
	i, err := m.Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
	if err != nil {
		return err
	}
	const calls = 5000
	fastest := math.Inf(1)
	for range b.rounds * samples {
		start := time.Now()
		for range calls {
			i.Begin(host.Call{})
			if _, err := i.Process(); err != nil {
				return err
			}
		}
		fastest = min(fastest, float64(time.Since(start).Nanoseconds())/calls)
	}
	b.budgets = append(b.budgets, budget{"P4 call of a guest", 100, fastest, "ns, there and back"})
	return nil
}
