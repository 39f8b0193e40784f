package transforms

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// intervalJoin joins records of two inputs whose times are close to each other.
//
// Every record is kept until the watermark of its key has passed the last time
// that a partner may have. A result leaves when the second of its records
// comes; a record without partner when there can be none any more.
type intervalJoin struct {
	sides     [2]joinSide
	reach     [2]int64 // by port, how much later than a record its partners may be
	outer     [2]bool  // by port, whether records without partner make results
	maxRows   int
	watermark joinWatermark
	pipeline  *pipelineClock
	table     *keyed.Table[heldKey]
	key       *rowColumns // the local
	results   *results

	ended func() error // whether the present call is to end; see result
	rows  []uint32     // that ProcessPort was given
	row   []byte       // what is kept of the present record
}

var (
	_ plugins.Transform    = (*intervalJoin)(nil)
	_ plugins.Ported       = (*intervalJoin)(nil)
	_ plugins.Stateful     = (*intervalJoin)(nil)
	_ plugins.StateCounter = (*intervalJoin)(nil)
	_ plugins.Timed        = (*intervalJoin)(nil)
	_ plugins.Finisher     = (*intervalJoin)(nil)
)

func newIntervalJoin(c plugins.Config, env plugins.Env) *intervalJoin {
	kind := c.String("type")
	before, after := joinReach(c)
	j := &intervalJoin{
		sides:     [2]joinSide{newJoinSide(c, left, env), newJoinSide(c, right, env)},
		reach:     [2]int64{left: after, right: before},
		outer:     [2]bool{left: kind != "inner", right: kind == "outer"},
		maxRows:   int(c.Int("max_rows")),
		watermark: newJoinWatermark(c),
		pipeline:  newPipelineClock(env),
	}
	j.key = &rowColumns{
		paths: []plugins.Path{plugins.LocalPath("key")},
		kinds: []plugins.Kind{c.PortExprs("key")[left].Type().Kind},
		cols:  make([]plugins.Column, 1),
	}
	j.results = newResults(newFields(c.Exprs("emit"), env), env, j.key, j.sides[left].local, j.sides[right].local)
	j.table = keyed.NewTable(keyed.Config[heldKey]{
		Space: joinTableSpace, Encode: encodeHeldKey, Decode: noting(j.pipeline, decodeHeldKey, j.watermark.shown),
		Due: j.due, MaxKeys: c.Int("max_keys"),
	})
	return j
}

// Process implements [plugins.Transform]. The engine calls ProcessPort.
func (j *intervalJoin) Process(context.Context, *plugins.Batch, plugins.Emitter) error {
	return errNoPort
}

// ProcessPort implements [plugins.Ported].
func (j *intervalJoin) ProcessPort(ctx context.Context, port int, b *plugins.Batch, out plugins.Emitter) error {
	j.watermark.wall = j.pipeline.wall()
	keys, times := j.sides[port].take(b, j.watermark.wall)
	j.begin(ctx, out, b.Received)
	j.rows = append(j.rows[:0], b.Sel...)
	before := len(b.Failures)
	j.table.Look(keys, j.rows)
	for n, i := range j.rows {
		if err := j.record(port, b, n, i, times[i]); err != nil {
			return err
		}
	}
	if absorbed := len(j.rows) - (len(b.Failures) - before); absorbed > 0 {
		out.Drop(absorbed)
	}
	if now := j.watermark.clocks.now(); now != keyed.None {
		if err := j.table.FireEvent(now, j.settle); err != nil {
			return err
		}
	}
	j.results.flush()
	return nil
}

// begin is called when a call begins.
func (j *intervalJoin) begin(ctx context.Context, out plugins.Emitter, received int64) {
	j.ended = ctx.Err
	j.results.begin(out, received)
}

// record takes in one record: row i of b, which has the n-th key.
func (j *intervalJoin) record(port int, b *plugins.Batch, n int, i uint32, at int64) error {
	e, fresh, err := j.table.OpenRow(n)
	if err != nil {
		return failKey(b, i, err)
	}
	k := &e.V
	if fresh {
		j.watermark.begin(k, e.Key, port, at)
	} else {
		j.watermark.advance(k)
		if err := j.release(e); err != nil {
			return err
		}
		j.watermark.note(k, e.Key, port, at)
	}
	switch held := len(k.sides[port].rows); {
	case later(at, j.reach[port]) < k.mark:
		b.Fail(i, plugins.Failure{
			Code: "late",
			Msg:  "the record is late: its interval was over for its key, and partners of it may be gone; raise lateness to wait longer",
		})
	case held >= j.maxRows:
		b.Fail(i, plugins.Failure{
			Code: "max_rows",
			Msg: fmt.Sprintf("the join keeps %d records of the input %s for one key, as many as max_rows allows, until the input %s has come as far: raise max_rows, or set timeout if that one may be silent",
				held, joinPorts[port], joinPorts[other(port)]),
		})
	default:
		if err := j.match(e, port, i, at); err != nil {
			return err
		}
	}
	return j.settle(e, at)
}

// match adds the results of a record and keeps it.
func (j *intervalJoin) match(e *keyed.Entry[heldKey], port int, i uint32, at int64) error {
	j.row = j.sides[port].appendRow(j.row[:0], i)
	row := heldRow{at: at, values: slices.Clone(j.row)}
	partners := e.V.sides[other(port)].rows
	n, _ := slices.BinarySearchFunc(partners, later(at, -j.reach[other(port)]), compareHeld)
	for last := later(at, j.reach[port]); n < len(partners) && partners[n].at <= last; n++ {
		partners[n].matched, row.matched = true, true
		if err := j.pair(e.Key, port, row, partners[n]); err != nil {
			return err
		}
	}
	rows := &e.V.sides[port].rows
	n = len(*rows)
	if n > 0 && (*rows)[n-1].at > at {
		n, _ = slices.BinarySearchFunc(*rows, later(at, 1), compareHeld)
	}
	*rows = slices.Insert(*rows, n, row)
	return nil
}

// pair adds the result of a record of a port and a partner.
func (j *intervalJoin) pair(key string, port int, r, partner heldRow) error {
	if err := j.sides[other(port)].give(partner.values, j.results.row); err != nil {
		return err
	}
	return j.result(key, port, r)
}

// alone adds the result of a record of a port without partner.
func (j *intervalJoin) alone(key string, port int, r heldRow) error {
	j.sides[other(port)].giveNothing(j.results.row)
	return j.result(key, port, r)
}

// result adds a result. A record of a hot key has one with each record that is
// kept of the other input, so a batch may have many millions: it is given up
// when all is to stop at once.
func (j *intervalJoin) result(key string, port int, r heldRow) error {
	if j.results.row == 0 {
		if err := j.ended(); err != nil {
			return err
		}
	}
	if err := j.sides[port].give(r.values, j.results.row); err != nil {
		return err
	}
	j.key.setKey(j.results.row, key)
	j.results.next()
	return nil
}

func compareHeld(r heldRow, at int64) int { return cmp.Compare(r.at, at) }

// settle lets go of what is over for a key by now.
func (j *intervalJoin) settle(e *keyed.Entry[heldKey], _ int64) error {
	j.watermark.advance(&e.V)
	if err := j.release(e); err != nil {
		return err
	}
	if len(e.V.sides[left].rows)+len(e.V.sides[right].rows) == 0 {
		j.table.Remove(e)
		return nil
	}
	j.table.Schedule(e)
	return nil
}

// release lets go of the records of a key for which no partner can come any
// more, in the order in which that became so.
func (j *intervalJoin) release(e *keyed.Entry[heldKey]) error {
	for {
		port, over := j.oldest(&e.V)
		if over >= e.V.mark {
			return nil
		}
		r := e.V.sides[port].shift()
		if !j.outer[port] || r.matched {
			continue
		}
		if err := j.alone(e.Key, port, r); err != nil {
			return err
		}
	}
}

// oldest returns the input with the record of a key that is the first for
// which no partner can come any more, and the last time that one may have;
// [plugins.Never] where there is none.
func (j *intervalJoin) oldest(k *heldKey) (port int, over int64) {
	over = plugins.Never
	for p := range k.sides {
		if rows := k.sides[p].rows; len(rows) > 0 {
			// A time that cannot be told is over when all is.
			if last := min(later(rows[0].at, j.reach[p]), plugins.Never-1); last < over {
				port, over = p, last
			}
		}
	}
	return port, over
}

func (j *intervalJoin) due(e *keyed.Entry[heldKey]) (event, wall int64) {
	_, over := j.oldest(&e.V)
	if over == plugins.Never {
		return plugins.Never, plugins.Never
	}
	return j.watermark.due(&e.V, over)
}

// Next implements [plugins.Timed].
func (j *intervalJoin) Next() int64 { return j.pipeline.alarm(j.table.NextWall()) }

// Tick implements [plugins.Timed].
func (j *intervalJoin) Tick(ctx context.Context, now int64, out plugins.Emitter) error {
	j.watermark.wall = j.pipeline.wall()
	j.begin(ctx, out, now)
	if err := j.table.FireWall(j.watermark.wall, j.settle); err != nil {
		return err
	}
	j.results.flush()
	return nil
}

// Finish implements [plugins.Finisher].
func (j *intervalJoin) Finish(ctx context.Context, out plugins.Emitter) error {
	j.begin(ctx, out, j.pipeline.machine().UnixNano())
	err := j.table.All(func(e *keyed.Entry[heldKey]) error {
		e.V.mark = plugins.Never
		if err := j.release(e); err != nil {
			return err
		}
		j.table.Remove(e)
		return nil
	})
	if err != nil {
		return err
	}
	j.results.flush()
	return nil
}

// Restore implements [plugins.Stateful].
func (j *intervalJoin) Restore(s plugins.State) error {
	if err := j.watermark.clocks.restore(s); err != nil {
		return err
	}
	if err := j.table.Restore(s); err != nil {
		return err
	}
	j.pipeline.restored(s)
	j.watermark.wall = j.pipeline.wall()
	j.watermark.restored = j.watermark.wall
	return nil
}

// Snapshot implements [plugins.Stateful].
func (j *intervalJoin) Snapshot(w plugins.StateWriter) error {
	j.watermark.clocks.snapshot(w)
	return j.table.Snapshot(w)
}

// StateStats implements [plugins.StateCounter].
func (j *intervalJoin) StateStats() plugins.StateStats { return j.table.Stats() }
