package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"
)

const (
	// hotShare is one key of how many is in memory where not all are.
	hotShare = 10
	// recoveries is how often the binary goes on with all keys.
	recoveries = 3
	// resting is how long it may take until a checkpoint has all keys, is on
	// disk, and the binary has given back what that needed.
	resting = 8 * time.Second
)

// keyCosts is what many keys cost, each of which has a window that is open.
type keyCosts struct {
	bytes      float64       // of resident memory, for a key, when all have come
	recovered  []float64     // and when they were read back
	first      time.Duration // in which the first records of all keys are processed
	second     time.Duration // and then the second ones
	recoveries []float64     // seconds from the start to the first record
}

// manyKeys measures the real binary with many keys, all of them in memory and a
// part of them.
func (b *bench) manyKeys(ctx context.Context) error {
	if !b.hasBinary("keys") {
		return nil
	}
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%d keys\tbytes for a key\trecovered\tµs for the first of a key\tfor the second\ts to recover\tmax\n", b.keys)
	without, err := b.keysWithout(ctx)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	for _, x := range []struct {
		name string
		hot  int // in memory
	}{
		{"in memory", b.keys}, {"a tenth in memory", b.keys / hotShare},
	} {
		k, err := b.keysWith(ctx, x.name, x.hot, without)
		if err != nil {
			return fmt.Errorf("keys, %s: %w", x.name, err)
		}
		recovery, per := spreadOf(k.recoveries), float64(b.keys)*1e3
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\n", x.name, k.bytes, spreadOf(k.recovered).median, float64(k.first)/per, float64(k.second)/per, recovery.median, recovery.max)
		if x.hot == b.keys {
			b.budgets = append(b.budgets,
				budget{"keys", 400, k.bytes, "bytes resident for a key"},
				budget{"keys", 5, recovery.median, "s from the start to the first record"})
		}
	}
	if b.engine != nil {
		heap, err := b.keysHeap(ctx)
		if err != nil {
			return fmt.Errorf("keys, heap: %w", err)
		}
		fmt.Fprintf(w, "live heap\t%.0f\n", heap)
	}
	return w.Flush()
}

// keysWithout returns the resident memory of the binary that has processed as
// many records, but of one key.
func (b *bench) keysWithout(ctx context.Context) (resident uint64, err error) {
	b.progress("keys: without")
	dir, in, err := b.followed("keys-without", "")
	if err != nil {
		return 0, err
	}
	if err := appendReadings(in, b.keys, 0, func(int) int { return 0 }); err != nil {
		return 0, err
	}
	s, err := b.serve(ctx, dir, filepath.Join(dir, "state"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.awaitAbsorbed(ctx, b.keys); err != nil {
		return 0, err
	}
	time.Sleep(resting)
	return residentMemory(s.cmd.Process.Pid)
}

// keysWith measures the binary with so many keys in memory. Without is the
// resident memory that it has without keys.
func (b *bench) keysWith(ctx context.Context, name string, hot int, without uint64) (k keyCosts, err error) {
	b.progress("keys: %s", name)
	// There is a lane for each processor, and none has exactly its share.
	perLane := hot/runtime.NumCPU() + hot/10 + 1
	dir, in, err := b.followed(fmt.Sprintf("keys-%d", hot), fmt.Sprintf("\n  max_hot  = %d", perLane))
	if err != nil {
		return k, err
	}
	state := filepath.Join(dir, "state")
	if err := b.fillKeys(ctx, &k, dir, in, state, without); err != nil {
		return k, err
	}
	for i := range recoveries {
		b.progress("keys: recovery %d of %d", i+1, recoveries)
		// One key's next window, for the result of the one before.
		if err := appendReadings(in, 1, int64(i+1)*10_000, func(int) int { return 0 }); err != nil {
			return k, err
		}
		if err := b.goOn(ctx, &k, dir, state, without); err != nil {
			return k, err
		}
	}
	return k, nil
}

// goOn runs the binary until the first result after a restart.
func (b *bench) goOn(ctx context.Context, k *keyCosts, dir, state string, without uint64) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := b.serve(ctx, dir, state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if _, err := s.results.ReadBytes('\n'); err != nil {
		return fmt.Errorf("read the first result: %w", err)
	}
	k.recoveries = append(k.recoveries, time.Since(s.started).Seconds())
	time.Sleep(settled)
	bytes, err := b.perKey(s, without)
	k.recovered = append(k.recovered, bytes)
	return err
}

// perKey returns the resident memory of the binary, for a key.
func (b *bench) perKey(s *server, without uint64) (float64, error) {
	resident, err := residentMemory(s.cmd.Process.Pid)
	return (float64(resident) - float64(without)) / float64(b.keys), err
}

// fillKeys runs the binary while two records of each key come.
func (b *bench) fillKeys(ctx context.Context, k *keyCosts, dir, in, state string, without uint64) (err error) {
	s, err := b.serve(ctx, dir, state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	each := func(i int) int { return i }
	pass := func(n int) (time.Duration, error) {
		if err := appendReadings(in, b.keys, int64(n), each); err != nil {
			return 0, err
		}
		start := time.Now()
		err := s.awaitAbsorbed(ctx, n*b.keys)
		return time.Since(start), err
	}
	if k.first, err = pass(1); err != nil {
		return err
	}
	time.Sleep(resting)
	if k.bytes, err = b.perKey(s, without); err != nil {
		return err
	}
	k.second, err = pass(2)
	return err
}
