package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/bench/telemetry"
)

// passThrough is P1.
func (b *bench) passThrough(ctx context.Context) error {
	in, err := b.input(b.records)
	if err != nil {
		return err
	}
	c := &contest{
		name:     "P1",
		records:  b.records,
		programs: []*program{byHand("by hand", in, limit.PassThrough)},
		verify:   func(_, out string) error { return sameContent(in, out) },
	}
	if b.engine != nil {
		c.programs = append(c.programs, b.ours("engine", func(out string) string { return passThroughHCL(in, out) }))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	b.judge(c, "engine", 300, 1.7)
	return nil
}

// filterMap is P2.
func (b *bench) filterMap(ctx context.Context) error {
	in, err := b.input(b.records)
	if err != nil {
		return err
	}
	c := &contest{
		name:    "P2",
		records: b.records,
		programs: []*program{
			byHand("by hand, one-pass scan", in, limit.FilterMap{}.Run),
			byHand("by hand, key order guessed", in, limit.FilterMap{Guess: true}.Run),
		},
		verify: sameContent,
	}
	if b.engine != nil {
		c.programs = append(c.programs,
			b.ours("engine", func(out string) string { return filterMapHCL(in, out, false) }),
			b.ours("engine, no schema", func(out string) string { return filterMapHCL(in, out, true) }))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	b.judge(c, "engine", 350, 1.5)
	b.judgeRatio(c, "engine, no schema", "engine", 1.5)
	return nil
}

// byHand enters a program of package limit.
func byHand(name, in string, run func(io.Writer, io.Reader) (limit.Tally, error)) *program {
	return &program{name: name, byHand: true, run: func(_ context.Context, out string) (err error) {
		r, err := os.Open(in)
		if err != nil {
			return fmt.Errorf("open input: %w", err)
		}
		defer r.Close()
		w, err := os.Create(out)
		if err != nil {
			return fmt.Errorf("create output: %w", err)
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		_, err = run(w, r)
		return err
	}}
}

// ours enters the engine with the pipeline that hcl returns for an output.
func (b *bench) ours(name string, hcl func(out string) string) *program {
	return &program{name: name, run: func(ctx context.Context, out string) error {
		return b.engine(ctx, hcl(out), bytes.NewReader(nil), io.Discard, engineOptions{compiled: b.path("compiled")})
	}}
}

// input returns the path of so many records of telemetry, which it generates
// the first time.
func (b *bench) input(records int) (path string, err error) {
	path = b.path(fmt.Sprintf("telemetry-%d.ndjson", records))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	b.progress("generating %d records", records)
	f, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("create input: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := telemetry.New(telemetry.Config{}).Write(f, records); err != nil {
		return "", err
	}
	// Nobody's round shall share the disk with this file.
	if err := f.Sync(); err != nil {
		return "", fmt.Errorf("sync input: %w", err)
	}
	return path, nil
}

// sameContent reports the first line in which two files differ.
func sameContent(want, got string) error {
	w, err := os.Open(want)
	if err != nil {
		return err
	}
	defer w.Close()
	g, err := os.Open(got)
	if err != nil {
		return err
	}
	defer g.Close()
	wants, gots := bufio.NewScanner(w), bufio.NewScanner(g)
	for line := 1; ; line++ {
		one, two := wants.Scan(), gots.Scan()
		switch {
		case wants.Err() != nil || gots.Err() != nil:
			return errors.Join(wants.Err(), gots.Err())
		case !one && !two:
			return nil
		case one != two || !bytes.Equal(wants.Bytes(), gots.Bytes()):
			return fmt.Errorf("line %d is %q, want %q", line, gots.Bytes(), wants.Bytes())
		}
	}
}
