package transforms

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// maxWaiting bounds the records of a key that wait for older ones.
const maxWaiting = 10_000

var errManyWait = fmt.Errorf("%d records of the key wait for older ones already: lower lateness, or let fewer records meet the conditions", maxWaiting)

// detect looks for a pattern in the records of each key, in the order of their
// times: a record waits until the watermark of its key has come to it.
type detect struct {
	keptState[detection]
	key     plugins.Evaluator // nil for one pattern over all
	time    *eventTime
	opens   *predicate
	closes  *predicate // nil where the pattern has one condition
	recall  *recall
	pattern pattern
	within  int64
	calm    int64 // after a match
	silence silence
	results *results
	match   *rowColumns
	keys    *rowColumns

	late []uint32
	row  []byte
}

var (
	_ plugins.Transform    = (*detect)(nil)
	_ plugins.Stateful     = (*detect)(nil)
	_ plugins.Timed        = (*detect)(nil)
	_ plugins.Finisher     = (*detect)(nil)
	_ plugins.StateCounter = (*detect)(nil)
)

// Process implements [plugins.Transform].
func (d *detect) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	var key *plugins.Column
	if d.key != nil {
		key = d.key.Eval(b)
	}
	wall := d.pipeline.wall()
	at := d.time.of(b, wall)
	if len(b.Sel) == 0 {
		return nil
	}
	opens := d.opens.of(b)
	var closes []bool
	if d.closes != nil {
		closes = d.closes.of(b)
	}
	d.recall.from(b)
	d.results.begin(out, b.Received)
	d.late = d.late[:0]
	taken := 0
	d.table.Look(key, b.Sel)
	for n, i := range b.Sel {
		e, fresh, err := d.table.OpenRow(n)
		if err != nil {
			if err = failKey(b, i, err); err != nil {
				return err
			}
			continue
		}
		m := moment{at: at[i], opens: opens[i], closes: closes != nil && closes[i]}
		if m.opens || m.closes {
			d.row = d.recall.append(d.row[:0], i)
			m.row = d.row
		}
		switch late, err := d.take(e, fresh, m, wall); {
		case errors.Is(err, errManyWait):
			b.Fail(i, plugins.Failure{Code: "many_wait", Msg: err.Error()})
		case err != nil:
			return err
		case late:
			d.late = append(d.late, i)
		default:
			taken++
		}
	}
	if err := d.pass(); err != nil {
		return err
	}
	if taken > 0 {
		out.Drop(taken)
	}
	if len(d.late) > 0 {
		b.DropFailed()
		b.Sel = append(b.Sel[:0], d.late...)
		out.Emit(1, b)
	}
	return nil
}

// take takes in a record of a key; it reports whether that came too late.
func (d *detect) take(e *keyed.Entry[detection], fresh bool, m moment, wall int64) (late bool, err error) {
	v := &e.V
	if !fresh { // it is as if the silence before had been noticed in time
		mark := d.silence.mark(v, d.clock.Now(), keyed.None)
		if err := d.advance(e, mark); err != nil {
			return false, err
		}
		fresh = d.silence.over(v, mark)
	}
	if len(v.ahead) == maxWaiting && (m.opens || m.closes) {
		return false, errManyWait
	}
	v.arrived = wall
	if shown := d.clock.Observe(e.Key, m.at); fresh {
		v.Begin(m.at, shown)
		v.mark, v.quiet = keyed.None, keyed.None
	} else {
		v.Show(m.at, shown)
	}
	if late = m.at < v.mark; !late && (m.opens || m.closes) {
		v.ahead = insert(v.ahead, m)
	}
	err = d.advance(e, d.silence.mark(v, keyed.None, wall))
	d.table.Schedule(e)
	return late, err
}

// insert puts a moment behind those that are not later.
func insert(ms []moment, m moment) []moment {
	ms = keep(ms, m)
	at := sort.Search(len(ms)-1, func(k int) bool { return ms[k].at > m.at })
	last := ms[len(ms)-1]
	copy(ms[at+1:], ms[at:])
	ms[at] = last
	return ms
}

// advance looks at what is up to the watermark, which does not go back.
func (d *detect) advance(e *keyed.Entry[detection], mark int64) error {
	v := &e.V
	v.mark = max(v.mark, mark)
	n := 0
	for ; n < len(v.ahead) && v.ahead[n].at <= v.mark; n++ {
		m := v.ahead[n]
		if err := d.lapse(e, m.at); err != nil {
			return err
		}
		if m.at < v.quiet {
			continue
		}
		if found, ok := d.pattern.take(v, m); ok {
			if err := d.found(e, found); err != nil {
				return err
			}
		}
	}
	v.ahead = dropFirst(v.ahead, n)
	return d.lapse(e, v.mark)
}

// lapse ends what the pattern has kept if no record from now on is within its
// time.
func (d *detect) lapse(e *keyed.Entry[detection], now int64) error {
	v := &e.V
	if len(v.open) == 0 || now <= later(v.open[len(v.open)-1].at, d.within) {
		return nil
	}
	if found, ok := d.pattern.lapse(v); ok {
		return d.found(e, found)
	}
	return nil
}

// found adds a result.
func (d *detect) found(e *keyed.Entry[detection], m match) error {
	if d.calm > 0 {
		e.V.quiet = later(m.end, d.calm)
	}
	row := d.results.row
	d.keys.setKey(row, e.Key)
	d.match.cols[0].Ints[row], d.match.cols[1].Ints[row], d.match.cols[2].Ints[row] = m.start, m.end, m.count
	err := d.recall.first.read(m.first, row)
	if err == nil && m.count > 1 {
		err = d.recall.last.read(m.last, row)
	}
	if err != nil {
		return fmt.Errorf("read what was kept of key %q: %w", e.Key, err)
	}
	d.results.next()
	return nil
}

// settle looks at a key of which nothing comes, at its watermark.
func (d *detect) settle(e *keyed.Entry[detection], mark int64) error {
	err := d.advance(e, mark)
	if d.silence.over(&e.V, mark) {
		d.table.Remove(e)
	}
	return err
}

// pass does what is due by the time of the lane, and emits the results.
func (d *detect) pass() error {
	lane := d.clock.Now()
	err := d.table.FireEvent(lane, func(e *keyed.Entry[detection], _ int64) error {
		return d.settle(e, d.silence.mark(&e.V, lane, keyed.None))
	})
	d.results.flush()
	return err
}

// Tick implements [plugins.Timed].
func (d *detect) Tick(_ context.Context, now int64, out plugins.Emitter) error {
	wall := d.pipeline.wall()
	d.results.begin(out, now)
	err := d.table.FireWall(wall, func(e *keyed.Entry[detection], _ int64) error {
		return d.settle(e, d.silence.mark(&e.V, keyed.None, wall))
	})
	d.results.flush()
	return err
}

// Finish implements [plugins.Finisher]: what was waiting for older records is
// looked at. A time that has not run out by then never will.
func (d *detect) Finish(_ context.Context, out plugins.Emitter) error {
	d.results.begin(out, d.pipeline.machine().UnixNano())
	err := d.table.All(func(e *keyed.Entry[detection]) error {
		d.table.Touch(e)
		return d.advance(e, e.V.Own)
	})
	d.results.flush()
	return err
}

// Restore implements [plugins.Stateful].
func (d *detect) Restore(s plugins.State) error {
	if err := d.keptState.Restore(s); err != nil {
		return err
	}
	d.silence.started = d.pipeline.wall()
	return nil
}
