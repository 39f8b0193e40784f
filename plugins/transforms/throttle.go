package transforms

import (
	"context"
	"math"
	"time"

	"github.com/onstream/onstream/plugins"
)

func throttleKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "throttle",
		Schema: plugins.Schema{
			Doc: "Lets so many records pass in a time, for each key where the stage has one. What is more is dropped and counted, or waits and slows down what is upstream.",
			Example: `transform "throttle" "calm" {
  from  = source.readings
  key   = event.device
  rate  = 1
  per   = "10s"
  burst = 3
}`,
			Attrs: []plugins.Attr{
				{Name: "rate", Type: plugins.AttrFloat, Required: true, Min: plugins.Bound(1e-9), Max: plugins.Bound(1e9), Doc: "Records that may pass, steadily."},
				{Name: "per", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(1e-6), Doc: "The time in which they may pass."},
				{Name: "burst", Type: plugins.AttrInt, Min: plugins.Bound(1), Doc: "Records that may pass at once after a pause; rate, and at least 1, unless given."},
				{Name: "excess", Type: plugins.AttrString, Default: "drop", Enum: []string{"drop", "wait"}, Doc: "What becomes of records beyond the rate: drop them, or let them wait. Waiting keeps the order of all records, so one busy key holds up the others. Where stages keep state, a checkpoint waits until all that was read has passed, up to 65,536 records for each partition: where that takes longer than minutes, none is taken."},
				{Name: "max_keys", Type: plugins.AttrInt, Default: int64(100_000), Min: plugins.Bound(1), Doc: "Keys to remember, in each lane. When more are busy at once, some start afresh with a full burst."},
			},
		},
		Keyed: true,
		New:   newThrottle,
	}
}

func newThrottle(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	burst := float64(c.Int("burst"))
	if burst == 0 {
		burst = max(1, math.Ceil(c.Float("rate")))
	}
	interval := float64(c.Duration("per")) / c.Float("rate")
	t := &throttle{
		env: env, wait: c.String("excess") == "wait", epoch: env.Now(),
		buckets: buckets{interval: interval, slack: (burst - 1) * interval, limit: int(c.Int("max_keys")), byKey: map[string]*bucket{}},
	}
	if key := c.Expr("key"); key != nil {
		t.key = key.Evaluator(env)
	}
	return t, nil
}

type throttle struct {
	env     plugins.Env
	key     plugins.Evaluator // nil for one bucket for all
	wait    bool
	epoch   time.Time // times are nanoseconds since then, exact as floats for 100 days
	buckets buckets
	rows    []uint32
	pass    []uint32
	name    []byte
}

var _ plugins.Transform = (*throttle)(nil)

// Process implements [plugins.Transform].
func (t *throttle) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	var key *plugins.Column
	if t.key != nil {
		key = t.key.Eval(b)
	}
	t.rows = append(t.rows[:0], b.Sel...)
	t.pass = t.pass[:0]
	now := t.now()
	dropped := 0
	for _, i := range t.rows {
		t.name = plugins.AppendKey(t.name[:0], key, i)
		due := t.buckets.take(t.name, now, t.wait)
		switch {
		case due <= now:
			t.pass = append(t.pass, i)
		case !t.wait:
			dropped++
		default:
			t.emit(b, out)
			for now < due {
				if err := t.env.Wait(ctx, time.Duration(math.Ceil(due-now))); err != nil {
					return err
				}
				now = t.now()
			}
			t.pass = append(t.pass, i)
		}
	}
	if dropped > 0 {
		out.Drop(dropped)
	}
	t.emit(b, out)
	return nil
}

func (t *throttle) now() float64 { return float64(t.env.Now().Sub(t.epoch)) }

// emit passes on the rows that may pass.
func (t *throttle) emit(b *plugins.Batch, out plugins.Emitter) {
	if len(t.pass) == 0 {
		return
	}
	b.Sel = append(b.Sel[:0], t.pass...)
	t.pass = t.pass[:0]
	out.Emit(0, b)
}
