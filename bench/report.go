package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// bench is a run of the harness.
type bench struct {
	options
	dir            string // deleted at the end
	engine         engine // nil if there is none
	stdout, stderr io.Writer
	budgets        []budget
}

// progress tells a waiting person what is going on.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.stderr, format+"\n", args...)
}

// printContest prints what the programs of a contest cost per record.
func (b *bench) printContest(c *contest) {
	best := c.best()
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\tns of CPU per record\tof it system\tratio to by hand\tallocations\tpeak MiB\trecords/s\n", c.name)
	for _, p := range c.programs {
		records := float64(c.records)
		cpu := p.nanoseconds(c)
		system := spreadOf(each(p.samples, func(s sample) float64 { return float64(s.system) / records }))
		mallocs := spreadOf(each(p.samples, func(s sample) float64 { return float64(s.mallocs) / records }))
		peak := spreadOf(each(p.samples, func(s sample) float64 { return mebibytes(s.peak) }))
		rate := spreadOf(each(p.samples, func(s sample) float64 { return records / s.wall.Seconds() }))
		ratio := spreadOf(ratios(p.samples, best.samples))
		fmt.Fprintf(w, "%s\t%.0f (%.0f to %.0f)\t%.0f\t%.2f (%.2f to %.2f)\t%.4f\t%.1f\t%.0f\n", p.name,
			cpu.median, cpu.min, cpu.max, system.median, ratio.median, ratio.min, ratio.max, mallocs.median, peak.max, rate.median)
	}
	w.Flush()
}

// mebibytes converts bytes.
func mebibytes[N int64 | uint64](n N) float64 {
	return float64(n) / (1 << 20)
}
