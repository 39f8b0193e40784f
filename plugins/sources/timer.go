package sources

import (
	"context"
	"time"

	"github.com/onstream/onstream/plugins"
)

func timerKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name: "timer",
		Schema: plugins.Schema{
			Doc: "Makes a record at once and then every so often: `at`, its time, and `n`, its number from 1. While downstream is behind, ticks are left out, not made up for.",
			Example: `source "timer" "tick" {
  every = "1s"
  count = 3
}`,
			Attrs: []plugins.Attr{
				{Name: "every", Type: plugins.AttrDuration, Required: true, Min: plugins.Bound(1e-6), Doc: "The time between two records."},
				{Name: "count", Type: plugins.AttrInt, Default: int64(0), Min: plugins.Bound(0), Doc: "Records to make; 0 is without end."},
			},
		},
		Output: func(plugins.Config) (plugins.Shape, error) {
			return plugins.Columns(
				plugins.Field{Name: "at", Type: plugins.Of(plugins.Time)},
				plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)},
			), nil
		},
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Weakens: "a tick that a crash interrupts is not made again"}
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			return &timer{c.Duration("every"), c.Int("count"), env}, nil
		},
	}
}

type timer struct {
	every time.Duration
	count int64
	env   plugins.Env
}

var _ plugins.Source = (*timer)(nil)

// Run implements [plugins.Source].
func (t *timer) Run(ctx context.Context, out plugins.Outlet) error {
	part := plugins.Partition{Name: "timer"}
	next := t.env.Now()
	for n := int64(1); t.count == 0 || n <= t.count; n++ {
		if err := t.env.Wait(ctx, next.Sub(t.env.Now())); err != nil {
			return err
		}
		now := t.env.Now()
		b := out.Batch()
		b.Part, b.Received = part, now.UnixNano()
		b.SelectAll(1)
		b.NewColumn("at", plugins.Time).Ints[0] = b.Received
		b.NewColumn("n", plugins.Int).Ints[0] = n
		b.Times = append(b.SpareTimes(), b.Received)
		b.Offsets = append(b.SpareOffsets(), n)
		if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
			return err
		}
		if next = next.Add(t.every); next.Before(now) {
			next = now
		}
	}
	out.Done(part)
	return nil
}
