package transforms

import (
	"context"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

func newReduce(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	initial := c.Exprs("initial")
	r := &reduce{
		initial: newFields(initial, env),
		update:  newReduceUpdate(initial, c.Exprs("update"), env),
		before:  localColumns("state", typesOf(initial)),
		after:   localColumns("state", typesOf(initial)),
		result:  newReduceResult(c, env),
	}
	if key := c.Expr("key"); key != nil {
		r.key = key.Evaluator(env)
	}
	config := keyed.Config[fold]{Encode: encodeFold, Decode: decodeFold}
	if c.Has("ttl") {
		r.time = newEventTime(c.Expr("time"), c, env)
		r.retention = newRetention(c)
		config.Due = func(e *keyed.Entry[fold]) (event, wall int64) { return r.retention.due(&e.V.Time, e.V.Own) }
	}
	r.keptState = newKeptState(c, env, func(v *fold) int64 { return r.retention.wall(&v.Time) }, config)
	return r, nil
}

// reduce folds the records of each key into its state. Those of one key depend
// on each other, so a batch is worked on in rounds with one record of each key.
type reduce struct {
	keptState[fold]
	key       plugins.Evaluator // nil for one state for all
	initial   *fields
	update    *reduceUpdate
	result    *reduceResult
	time      *eventTime // nil where keys are not forgotten
	retention retention

	rounds        rounds
	entries       []*keyed.Entry[fold] // by row
	lane          []int64              // by row: the lane's time before it
	shown         []keyed.Reading      // by row: the lane's clock after it
	begins, done  []bool               // by row: it begins a state; it has counted in one
	rows          []uint32
	known         []uint32    // rows of a round whose key has a state
	before, after *rowColumns // the state
	begun         []byte
}

var (
	_ plugins.Transform    = (*reduce)(nil)
	_ plugins.Stateful     = (*reduce)(nil)
	_ plugins.Timed        = (*reduce)(nil)
	_ plugins.StateCounter = (*reduce)(nil)
)

// Process implements [plugins.Transform].
func (r *reduce) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	var key *plugins.Column
	if r.key != nil {
		key = r.key.Eval(b)
		b.AddColumn(plugins.LocalPath("key"), key)
	}
	var at []int64
	if r.time != nil {
		at = r.time.of(b, r.pipeline.wall())
	}
	if err := r.open(b, key, at); err != nil {
		return err
	}
	m := b.Mark()
	r.after.reset(b.Len)
	for k := range r.rounds.count() {
		b.Sel = r.rounds.of(k)
		if err := r.round(b, at); err != nil {
			return err
		}
		b.Rewind(m)
	}
	b.Sel = r.settle()
	r.after.add(b)
	r.result.pass(b, key, r.after, out)
	return r.expire(r.clock.Now())
}

// open finds the states of the selected rows and divides these into rounds.
func (r *reduce) open(b *plugins.Batch, key *plugins.Column, at []int64) error {
	r.entries, r.begins, r.done = grown(r.entries, b.Len), grown(r.begins, b.Len), grown(r.done, b.Len)
	r.lane, r.shown = grown(r.lane, len(at)), grown(r.shown, len(at))
	r.rows = r.rows[:0]
	r.rounds.begin()
	r.table.Look(key, b.Sel)
	for n, i := range b.Sel {
		e, _, err := r.table.OpenRow(n)
		if err != nil {
			if err = failKey(b, i, err); err != nil {
				return err
			}
			continue
		}
		if at != nil {
			r.lane[i] = r.clock.Now()
			r.shown[i] = r.retention.observe(&r.clock, e.Key, at[i])
		}
		r.entries[i], r.done[i] = e, false
		r.rows = append(r.rows, i)
		r.rounds.add(i, &e.V.turn)
	}
	r.rounds.divide()
	return nil
}

// round folds the selected rows, each of another key, into their states.
func (r *reduce) round(b *plugins.Batch, at []int64) error {
	r.before.reset(b.Len)
	if err := r.begin(b, at); err != nil {
		return err
	}
	r.before.add(b)
	r.update.eval(b, r.before)
	for _, i := range b.Sel {
		v := &r.entries[i].V
		v.row = r.update.append(v.row[:0], i)
		if at != nil {
			if r.begins[i] {
				v.Begin(at[i], r.shown[i])
			} else {
				v.Show(at[i], r.shown[i])
			}
			r.table.Schedule(r.entries[i])
		}
		if err := r.after.read(v.row, i); err != nil {
			return r.damaged(i, err)
		}
		r.done[i] = true
	}
	return nil
}

// begin fills in the states before the selected rows: what was kept, or what
// initial makes of the row.
func (r *reduce) begin(b *plugins.Batch, at []int64) error {
	r.known = r.known[:0]
	fresh := b.Sel[:0]
	for _, i := range b.Sel {
		v := &r.entries[i].V
		r.begins[i] = len(v.row) == 0 ||
			at != nil && r.retention.over(&v.Time, at[i], r.lane[i])
		if r.begins[i] {
			fresh = append(fresh, i)
			continue
		}
		r.known = append(r.known, i)
		if err := r.before.read(v.row, i); err != nil {
			return r.damaged(i, err)
		}
	}
	b.Sel = fresh
	if len(fresh) > 0 {
		r.initial.eval(b)
	}
	for _, i := range b.Sel {
		r.begun = r.begun[:0]
		for _, col := range r.initial.cols {
			r.begun = appendValue(r.begun, col, i)
		}
		if err := r.before.read(r.begun, i); err != nil {
			return r.damaged(i, err)
		}
	}
	if mixed := len(b.Sel) > 0; len(r.known) > 0 {
		b.Sel = append(b.Sel, r.known...)
		if mixed {
			slices.Sort(b.Sel)
		}
	}
	return nil
}

func (r *reduce) damaged(i uint32, err error) error {
	return fmt.Errorf("read the state of key %q: %w", r.entries[i].Key, err)
}

// settle returns the rows that have counted, and forgets keys that came to no
// state.
func (r *reduce) settle() []uint32 {
	counted := r.rows[:0]
	for _, i := range r.rows {
		switch e := r.entries[i]; {
		case r.done[i]:
			counted = append(counted, i)
		case len(e.V.row) == 0:
			r.table.Remove(e)
		}
	}
	clear(r.entries)
	return counted
}

// expire forgets keys of which nothing came for long, by event time.
func (r *reduce) expire(lane int64) error {
	if r.time == nil || r.retention.processing {
		return nil
	}
	return r.table.FireEvent(lane, r.forget)
}

// Tick implements [plugins.Timed]: it forgets keys.
func (r *reduce) Tick(context.Context, int64, plugins.Emitter) error {
	return r.table.FireWall(r.pipeline.wall(), r.forget)
}
