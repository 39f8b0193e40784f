package transforms

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

func dedupeKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "dedupe",
		Schema: plugins.Schema{
			Doc: "Lets the first of equal records pass: those with the same `key`. Equal ones whose time is less than `ttl` before or after that of the last one that passed are duplicates. They leave by the output `duplicates`; without a reader they are dropped and counted.",
			Example: `transform "dedupe" "once" {
  from = source.orders
  key  = event.order_id
  time = event.ts
  ttl  = "1h"
}`,
			Attrs: append([]plugins.Attr{
				{Name: "ttl", Type: plugins.AttrDuration, Default: 10 * time.Minute, Min: plugins.Bound(1e-3), Doc: "How long a record is remembered, by time or clock."},
				{Name: "extend", Type: plugins.AttrBool, Default: false, Doc: "Whether a duplicate counts as one that passed, so that only a pause of ttl lets the next one pass."},
				maxKeysAttr(),
			}, retentionAttrs()...),
		},
		Keyed:    true,
		Stateful: true,
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			if c.Expr("key") == nil {
				return nil, plugins.ConfigErrorf("", "it is not said what makes records equal: give key, such as key = event.id")
			}
			return []plugins.Output{{Shape: in}, {Name: "duplicates", Shape: in, Optional: true}}, checkEventTime(c)
		},
		StateJSON: dedupeJSON,
		Describe: func(c plugins.Config) plugins.Description {
			// When a key is forgotten depends on which of the others came first.
			return plugins.Description{State: "times" + byText(c, c.Expr("key")), Volatile: true}
		},
		Deduplicates: true,
		New:          newDedupe,
	}
}

func newDedupe(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	d := &dedupe{
		key: c.Expr("key").Evaluator(env), time: newEventTime(c.Expr("time"), c, env),
		extend: c.Bool("extend"), retention: newRetention(c),
	}
	d.keptState = newKeptState(c, env, func(v *passed) int64 { return d.retention.wall(&v.Time) }, keyed.Config[passed]{
		Encode: encodePassed, Decode: decodePassed,
		Due: func(e *keyed.Entry[passed]) (event, wall int64) { return d.retention.due(&e.V.Time, e.V.at) },
	})
	return d, nil
}

// passed is what is kept of a key.
type passed struct {
	keyed.Time
	at int64 // the latest time of a record that passed
}

func encodePassed(dst []byte, v *passed) []byte {
	for _, at := range [...]int64{v.Own, v.Lane, v.at} {
		dst = binary.AppendVarint(dst, at)
	}
	return dst
}

func decodePassed(src []byte, v *passed) error {
	r := &stateReader{rest: src}
	v.Own, v.Lane, v.at = r.varint(), r.varint(), r.varint()
	return r.end()
}

// dedupe remembers keys.
type dedupe struct {
	keptState[passed]
	key       plugins.Evaluator
	time      *eventTime
	extend    bool
	retention retention

	first, again []uint32 // rows
}

var (
	_ plugins.Transform    = (*dedupe)(nil)
	_ plugins.Stateful     = (*dedupe)(nil)
	_ plugins.Timed        = (*dedupe)(nil)
	_ plugins.StateCounter = (*dedupe)(nil)
)

// Process implements [plugins.Transform].
func (d *dedupe) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	key := d.key.Eval(b)
	at := d.time.of(b, d.pipeline.wall())
	d.first, d.again = d.first[:0], d.again[:0]
	d.table.Look(key, b.Sel)
	for n, i := range b.Sel {
		e, fresh, err := d.table.OpenRow(n)
		if err != nil {
			if err = failKey(b, i, err); err != nil {
				return err
			}
			continue
		}
		if d.passes(e, fresh, at[i]) {
			d.first = append(d.first, i)
		} else {
			d.again = append(d.again, i)
		}
	}
	if err := d.table.FireEvent(d.clock.Now(), d.forget); err != nil {
		return err
	}
	b.DropFailed()
	for output, rows := range [][]uint32{d.first, d.again} {
		if len(rows) > 0 {
			b.Sel = append(b.Sel[:0], rows...)
			out.Emit(output, b)
		}
	}
	return nil
}

// passes reports whether a record of a key is the first one, and remembers it.
func (d *dedupe) passes(e *keyed.Entry[passed], fresh bool, at int64) bool {
	v := &e.V
	forgotten := fresh || d.retention.silent(&v.Time, d.clock.Now())
	shown := d.retention.observe(&d.clock, e.Key, at)
	if forgotten {
		v.Begin(at, shown)
		v.at = at
		d.table.Schedule(e)
		return true
	}
	v.Show(at, shown)
	switch {
	case at >= later(v.at, d.retention.ttl):
		v.at = at
		return true
	case at <= later(v.at, -d.retention.ttl):
		return true // too old to be told from, and too old to remember instead
	case d.extend:
		v.at = max(v.at, at)
	}
	return false
}

// Tick implements [plugins.Timed]: it forgets keys.
func (d *dedupe) Tick(context.Context, int64, plugins.Emitter) error {
	return d.table.FireWall(d.pipeline.wall(), d.forget)
}
