package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
)

// program is one of those that do the same work.
type program struct {
	name    string
	byHand  bool
	run     func(ctx context.Context, out string) error
	samples []sample // a round each
}

// contest is a workload from file to file, or from topic to topic, and the
// programs that do it.
type contest struct {
	name     string
	records  int
	programs []*program
	// prepare, if it is not nil, is called before each run, which does not
	// pay for it.
	prepare func(ctx context.Context) error
	// collect, if it is not nil, makes a file of what the last run wrote
	// elsewhere.
	collect func(ctx context.Context, out string) error
	// verify tells whether what a program wrote is right, given what the
	// first program wrote.
	verify func(first, out string) error
}

// contend lets the programs take turns. In a first round that does not count
// their output is verified.
func (b *bench) contend(ctx context.Context, c *contest) error {
	b.progress("%s: verifying the output of %d programs", c.name, len(c.programs))
	first := b.path(c.name + "-first.ndjson")
	for i, p := range c.programs {
		out := b.path(c.name + "-verify.ndjson")
		if i == 0 {
			out = first
		}
		if err := c.produce(ctx, p, out); err != nil {
			return fmt.Errorf("%s, %s: %w", c.name, p.name, err)
		}
		if err := c.verify(first, out); err != nil {
			return fmt.Errorf("%s, %s: wrong output: %w", c.name, p.name, err)
		}
		if i > 0 {
			os.Remove(out)
		}
	}
	os.Remove(first)

	c.programs = append(c.programs, c.control())
	order := slices.Clone(c.programs)
	for round := range b.rounds {
		b.progress("%s: round %d of %d", c.name, round+1, b.rounds)
		for _, p := range order {
			if err := b.turn(ctx, c, p); err != nil {
				return err
			}
		}
		// None is always first, nor always behind the same one.
		slices.Reverse(order)
		order = append(order[1:], order[0])
	}
	return nil
}

// produce runs a program for the file that it makes.
func (c *contest) produce(ctx context.Context, p *program, out string) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	if err := p.run(ctx, out); err != nil || c.collect == nil {
		return err
	}
	return c.collect(ctx, out)
}

// ready prepares for the next run.
func (c *contest) ready(ctx context.Context) error {
	if c.prepare == nil {
		return nil
	}
	return c.prepare(ctx)
}

// control returns the last program by hand, which is meant to be the fastest,
// as a program of its own.
func (c *contest) control() *program {
	var last *program
	for _, p := range c.programs {
		if p.byHand {
			last = p
		}
	}
	return &program{name: last.name + ", again", run: last.run}
}

// best returns the program by hand with the lowest median.
func (c *contest) best() *program {
	var best *program
	for _, p := range c.programs {
		if p.byHand && (best == nil || p.nanoseconds(c).median < best.nanoseconds(c).median) {
			best = p
		}
	}
	return best
}

// nanoseconds returns the CPU time per record.
func (p *program) nanoseconds(c *contest) spread {
	return spreadOf(each(p.samples, func(s sample) float64 { return float64(s.cpu()) / float64(c.records) }))
}

// turn runs a program once and keeps what it cost.
func (b *bench) turn(ctx context.Context, c *contest, p *program) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	out := b.path(c.name + "-run.ndjson")
	defer os.Remove(out)
	err := c.ready(ctx)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.name, p.name, err)
	}
	var s sample
	pprof.Do(ctx, pprof.Labels("program", c.name+" "+p.name), func(ctx context.Context) {
		s, err = take(func() error { return p.run(ctx, out) })
	})
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.name, p.name, err)
	}
	p.samples = append(p.samples, s)
	return nil
}

// path returns the path of a file among the data.
func (b *bench) path(name string) string {
	return filepath.Join(b.dir, name)
}
