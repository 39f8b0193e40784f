package main

import (
	"fmt"
	"text/tabwriter"
)

// budget is a promise and what was measured.
type budget struct {
	what     string
	limit    float64
	measured float64
	unit     string
}

// noAllocations is how many allocations per record pass as none: building the
// pipeline allocates, its records must not.
const noAllocations = 0.01

// judge holds a program of a contest to its budget of nanoseconds per record,
// its ratio to the best program by hand, and to no allocations.
func (b *bench) judge(c *contest, name string, nanoseconds, ratio float64) {
	b.judgeCost(c, name, nanoseconds)
	b.judgeRatio(c, name, c.best().name, ratio)
	p := c.program(name)
	if p == nil {
		return
	}
	mallocs := spreadOf(each(p.samples, func(s sample) float64 { return float64(s.mallocs) / float64(c.records) }))
	b.budgets = append(b.budgets, budget{c.name + " " + name, noAllocations, mallocs.median, "allocations per record"})
}

// judgeCost holds a program to its budget of nanoseconds per record.
func (b *bench) judgeCost(c *contest, name string, nanoseconds float64) {
	if p := c.program(name); p != nil {
		b.budgets = append(b.budgets, budget{c.name + " " + name, nanoseconds, p.nanoseconds(c).median, "ns of CPU per record"})
	}
}

// judgeRate holds a program to so many records in a second, as the time that each may take.
func (b *bench) judgeRate(c *contest, name string, rate float64) {
	if p := c.program(name); p != nil {
		wall := spreadOf(each(p.samples, func(s sample) float64 { return float64(s.wall) / float64(c.records) }))
		b.budgets = append(b.budgets, budget{c.name + " " + name, 1e9 / rate, wall.median, "ns from end to end per record"})
	}
}

// judgeRatio holds a program to a ratio to another one.
func (b *bench) judgeRatio(c *contest, name, other string, ratio float64) {
	p, q := c.program(name), c.program(other)
	if p == nil || q == nil {
		return
	}
	b.budgets = append(b.budgets, budget{c.name + " " + name, ratio, spreadOf(ratios(p.samples, q.samples)).median, "times " + other})
}

// judgeTime holds a program to a ratio of its time to that of another one, where what both wait for counts.
func (b *bench) judgeTime(c *contest, name, other string, ratio float64) {
	p, q := c.program(name), c.program(other)
	if p == nil || q == nil {
		return
	}
	values := make([]float64, len(p.samples))
	for i := range values {
		values[i] = float64(p.samples[i].wall) / float64(q.samples[i].wall)
	}
	b.budgets = append(b.budgets, budget{c.name + " " + name, ratio, spreadOf(values).median, "times the time of " + other})
}

// program returns the program of that name, or nil.
func (c *contest) program(name string) *program {
	for _, p := range c.programs {
		if p.name == name {
			return p
		}
	}
	return nil
}

// printBudgets prints which promises hold.
func (b *bench) printBudgets() {
	if len(b.budgets) == 0 {
		return
	}
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nbudget\tat most\tmeasured\t\t")
	for _, g := range b.budgets {
		verdict := "pass"
		if !(g.measured <= g.limit) {
			verdict = "MISS"
		}
		fmt.Fprintf(w, "%s\t%.4g\t%.4g\t%s\t%s\n", g.what, g.limit, g.measured, g.unit, verdict)
	}
	w.Flush()
}
