package transforms

import (
	"context"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// tableJoin joins the records of the left input with the latest of the right
// one. It keeps one record for each key.
type tableJoin struct {
	sides     [2]joinSide
	emit      *fields
	outer     bool // left records without partner make results
	retention retention
	clocks    joinClocks
	pipeline  *pipelineClock
	table     *keyed.Table[tableRow]

	rows []uint32
}

var (
	_ plugins.Transform    = (*tableJoin)(nil)
	_ plugins.Ported       = (*tableJoin)(nil)
	_ plugins.Stateful     = (*tableJoin)(nil)
	_ plugins.StateCounter = (*tableJoin)(nil)
	_ plugins.Timed        = (*tableJoin)(nil)
)

func newTableJoin(c plugins.Config, env plugins.Env) *tableJoin {
	j := &tableJoin{
		sides:     [2]joinSide{newJoinSide(c, left, env), newJoinSide(c, right, env)},
		emit:      newFields(c.Exprs("emit"), env),
		outer:     c.String("type") == "left",
		retention: newRetention(c),
		clocks:    newJoinClocks(),
		pipeline:  newPipelineClock(env),
	}
	j.table = keyed.NewTable(keyed.Config[tableRow]{
		Space: joinTableSpace, Encode: encodeTableRow, Decode: noting(j.pipeline, decodeTableRow, func(r *tableRow) int64 { return j.retention.wall(&r.Time) }),
		Due: j.due, MaxKeys: c.Int("max_keys"),
	})
	return j
}

// Process implements [plugins.Transform]. The engine calls ProcessPort.
func (j *tableJoin) Process(context.Context, *plugins.Batch, plugins.Emitter) error { return errNoPort }

// ProcessPort implements [plugins.Ported].
func (j *tableJoin) ProcessPort(_ context.Context, port int, b *plugins.Batch, out plugins.Emitter) error {
	keys, times := j.sides[port].take(b, j.pipeline.wall())
	var err error
	if port == left {
		err = j.join(b, keys, times, out)
	} else {
		err = j.learn(b, keys, times, out)
	}
	if now := j.clocks.now(); err == nil && now != keyed.None {
		err = j.table.FireEvent(now, j.forget)
	}
	return err
}

// join passes on left records with what the table has for them.
func (j *tableJoin) join(b *plugins.Batch, keys *plugins.Column, times []int64, out plugins.Emitter) error {
	j.sides[right].local.reset(b.Len)
	rows := len(b.Sel)
	kept := b.Sel[:0]
	j.table.Look(keys, b.Sel)
	for n, i := range b.Sel {
		found, err := j.find(n, i, times[i])
		if err != nil {
			return err
		}
		if found || j.outer {
			kept = append(kept, i)
		}
	}
	b.Sel = kept
	if n := rows - len(kept); n > 0 {
		out.Drop(n)
	}
	if len(kept) == 0 {
		return nil
	}
	b.AddColumn(plugins.LocalPath("key"), keys)
	s := &j.sides[left]
	for k, path := range s.local.paths {
		b.AddColumn(path, s.from[k])
	}
	j.sides[right].local.add(b)
	j.emit.eval(b)
	if len(b.Sel) == 0 {
		return nil
	}
	b.CloseRecord()
	j.emit.add(b)
	out.Emit(0, b)
	return nil
}

// find makes row i of the right local what the table has for the n-th key.
func (j *tableJoin) find(n int, i uint32, at int64) (bool, error) {
	e, err := j.table.FindRow(n)
	if err != nil {
		return false, err
	}
	if e != nil && j.retention.ttl > 0 {
		j.observe(left, e.Key, at)
		if j.retention.over(&e.V.Time, at, j.clocks.now()) {
			e = nil
		}
	}
	if e == nil {
		j.sides[right].giveNothing(i)
		return false, nil
	}
	return true, j.sides[right].give(e.V.values, i)
}

// learn puts right records into the table.
func (j *tableJoin) learn(b *plugins.Batch, keys *plugins.Column, times []int64, out plugins.Emitter) error {
	j.rows = append(j.rows[:0], b.Sel...)
	before := len(b.Failures)
	j.table.Look(keys, j.rows)
	for n, i := range j.rows {
		e, fresh, err := j.table.OpenRow(n)
		if err != nil {
			if err = failKey(b, i, err); err != nil {
				return err
			}
			continue
		}
		older := !fresh && times[i] < e.V.Own
		if shown := j.observe(right, e.Key, times[i]); fresh {
			e.V.Begin(times[i], shown)
		} else {
			e.V.Show(times[i], shown)
		}
		if older {
			continue
		}
		e.V.values = j.sides[right].appendRow(e.V.values[:0], i)
		j.table.Schedule(e)
	}
	if absorbed := len(j.rows) - (len(b.Failures) - before); absorbed > 0 {
		out.Drop(absorbed)
	}
	return nil
}

// observe notes the time of a record, where it is for records to tell how old
// others are.
func (j *tableJoin) observe(port int, key string, at int64) keyed.Reading {
	if j.retention.ttl == 0 || j.retention.processing {
		return keyed.Reading{Now: keyed.None, First: at}
	}
	return j.clocks.observe(port, key, at)
}

func (j *tableJoin) due(e *keyed.Entry[tableRow]) (event, wall int64) {
	if j.retention.ttl == 0 {
		return plugins.Never, plugins.Never
	}
	return j.retention.due(&e.V.Time, e.V.Own)
}

func (j *tableJoin) forget(e *keyed.Entry[tableRow], _ int64) error {
	j.table.Remove(e)
	return nil
}

// Next implements [plugins.Timed].
func (j *tableJoin) Next() int64 { return j.pipeline.alarm(j.table.NextWall()) }

// Tick implements [plugins.Timed].
func (j *tableJoin) Tick(context.Context, int64, plugins.Emitter) error {
	return j.table.FireWall(j.pipeline.wall(), j.forget)
}

// Restore implements [plugins.Stateful].
func (j *tableJoin) Restore(s plugins.State) error {
	if err := j.clocks.restore(s); err != nil {
		return err
	}
	if err := j.table.Restore(s); err != nil {
		return err
	}
	j.pipeline.restored(s)
	return nil
}

// Snapshot implements [plugins.Stateful].
func (j *tableJoin) Snapshot(w plugins.StateWriter) error {
	j.clocks.snapshot(w)
	return j.table.Snapshot(w)
}

// StateStats implements [plugins.StateCounter].
func (j *tableJoin) StateStats() plugins.StateStats { return j.table.Stats() }
