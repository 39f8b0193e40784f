package sources_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onstream/onstream/plugins"
)

// ticks is an outlet for the timer's records.
type ticks struct {
	discardOutlet
	at   []time.Duration // since begin
	n    []int64
	slow time.Duration
}

func (o *ticks) Hand(ctx context.Context, d plugins.Delivery) error {
	b := d.Batch
	o.at = append(o.at, time.Duration(b.Column("at").Ints[0]-begin.UnixNano()))
	o.n = append(o.n, b.Column("n").Ints[0])
	time.Sleep(o.slow)
	return o.discardOutlet.Hand(ctx, d)
}

// begin is when the clock of synctest starts.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestTimer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slow time.Duration
		want []time.Duration
	}{
		"steady": {0, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}},
		"slow":   {2500 * time.Millisecond, []time.Duration{0, 2500 * time.Millisecond, 5 * time.Second, 7500 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				env := environment()
				o := &ticks{discardOutlet: discardOutlet{env.Pool}, slow: c.slow}
				if err := start(t, "timer", env, "every", time.Second, "count", int64(4)).Run(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				for k := range c.want {
					if o.at[k] != c.want[k] || o.n[k] != int64(k+1) {
						t.Errorf("ticks %v, numbers %v, want %v", o.at, o.n, c.want)
					}
				}
			})
		})
	}
}

func TestTimerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	env := environment()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := start(t, "timer", env, "every", time.Hour).Run(ctx, &ticks{discardOutlet: discardOutlet{env.Pool}}); err == nil {
		t.Error("no error")
	}
}
