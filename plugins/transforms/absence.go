package transforms

import (
	"context"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

func newAbsence(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	a := &absence{
		time: newEventTime(c.Expr("time"), c, env), keys: keyColumn(c),
		report: localColumns("absence", absenceLocal(c).Type.Fields),
		patience: patience{
			limit: int64(c.Duration("for")), forget: int64(c.Duration("forget")), idle: int64(c.Duration("idle")),
			timeout: int64(absenceTimeout(c)), processing: c.String("clock") == "processing", started: keyed.None,
			expected: map[string]bool{},
		},
	}
	a.time.last -= a.patience.limit
	if key := c.Expr("key"); key != nil {
		a.key = key.Evaluator(env)
	}
	for _, name := range c.Strings("keys") {
		a.patience.expected[string(append([]byte{byte(plugins.String)}, name...))] = true
	}
	a.results = newResults(emitFields(c, env, defaultEmit(c, absenceLocal(c))), env, a.keys, a.report)
	a.keptState = newKeptState(c, env, a.patience.wall, keyed.Config[presence]{Encode: encodePresence, Decode: decodePresence, Due: a.patience.due})
	return a, nil
}

// absence follows which keys records come from.
type absence struct {
	keptState[presence]
	key      plugins.Evaluator // nil for the whole input as one
	time     *eventTime
	patience patience
	results  *results
	keys     *rowColumns
	report   *rowColumns
}

var (
	_ plugins.Transform    = (*absence)(nil)
	_ plugins.Stateful     = (*absence)(nil)
	_ plugins.Timed        = (*absence)(nil)
	_ plugins.StateCounter = (*absence)(nil)
)

// Process implements [plugins.Transform].
func (a *absence) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	var key *plugins.Column
	if a.key != nil {
		key = a.key.Eval(b)
	}
	wall := a.pipeline.wall()
	at := a.time.of(b, wall)
	a.results.begin(out, b.Received)
	taken := len(b.Sel)
	a.table.Look(key, b.Sel)
	for n, i := range b.Sel {
		e, fresh, err := a.table.OpenRow(n)
		if err != nil {
			if err = failKey(b, i, err); err != nil {
				return err
			}
			taken--
			continue
		}
		a.take(e, fresh, at[i], wall)
	}
	lane := a.clock.Now()
	err := a.table.FireEvent(lane, func(e *keyed.Entry[presence], _ int64) error {
		a.settle(e, a.patience.byLane(&e.V, lane))
		return nil
	})
	a.results.flush()
	if taken > 0 {
		out.Drop(taken)
	}
	return err
}

// take takes in a record of a key.
func (a *absence) take(e *keyed.Entry[presence], fresh bool, at, wall int64) {
	k := &e.V
	if begins := fresh || a.comes(e, at, wall); begins {
		k.Begin(at, a.clock.Observe(e.Key, at))
	} else {
		k.Show(at, a.clock.Observe(e.Key, at))
	}
	k.arrived = wall
	a.table.Schedule(e)
}

// comes looks at the gap before a record of a key that is known; it reports
// whether the key begins anew by the record.
func (a *absence) comes(e *keyed.Entry[presence], at, wall int64) (begins bool) {
	k := &e.V
	begins = a.elapse(e, a.patience.byLane(k, a.clock.Now()))
	if a.patience.processing {
		begins = a.elapse(e, a.patience.byWall(k, wall)) || begins
	} else if k.Own != keyed.None {
		begins = a.elapse(e, elapsed(k.Own, at)) || begins
	}
	switch {
	case begins:
		k.absent = false
	case at >= k.Own: // always, if it never came
		if k.absent {
			a.add(e, "returned", at)
		}
		k.absent, begins = false, k.Own == keyed.None
	}
	return begins
}

// elapse is called when a key has been silent for so long; it reports whether
// the key is forgotten by that.
func (a *absence) elapse(e *keyed.Entry[presence], silent int64) (forgotten bool) {
	k := &e.V
	if !k.absent && silent > a.patience.limit {
		from := k.Own
		if a.patience.processing || from == keyed.None {
			from = a.patience.since(k)
		}
		k.absent = true
		a.add(e, "absent", later(from, a.patience.limit))
	}
	return k.absent && silent > a.patience.forget && !a.patience.expected[e.Key]
}

// settle is elapse for a key of which nothing comes.
func (a *absence) settle(e *keyed.Entry[presence], silent int64) {
	if a.elapse(e, silent) {
		a.table.Remove(e)
	}
}

// add adds a report.
func (a *absence) add(e *keyed.Entry[presence], status string, at int64) {
	row := a.results.row
	a.keys.setKey(row, e.Key)
	report := a.report.cols
	report[0].AppendString(row, status)
	report[2].Ints[row] = at
	if last := e.V.Own; last == keyed.None {
		report[1].SetNull(row)
		report[3].SetNull(row)
	} else {
		report[1].SetValue(row, plugins.Value{Kind: plugins.Time, Int: last})
		report[3].SetValue(row, plugins.Value{Kind: plugins.Duration, Int: elapsed(last, at)})
	}
	a.results.next()
}

// Tick implements [plugins.Timed].
func (a *absence) Tick(_ context.Context, now int64, out plugins.Emitter) error {
	wall := a.pipeline.wall()
	a.results.begin(out, now)
	err := a.table.FireWall(wall, func(e *keyed.Entry[presence], _ int64) error {
		a.settle(e, a.patience.byWall(&e.V, wall))
		return nil
	})
	a.results.flush()
	return err
}

// Restore implements [plugins.Stateful]. From then on keys that are expected
// are missed.
func (a *absence) Restore(s plugins.State) error {
	if err := a.keptState.Restore(s); err != nil {
		return err
	}
	a.patience.started = a.pipeline.wall()
	first, last := s.Groups()
	for name := range a.patience.expected {
		if g := plugins.GroupOf([]byte(name)); g < first || g > last {
			continue
		}
		e, fresh, err := a.table.Open([]byte(name))
		if err != nil {
			return err
		}
		if fresh {
			e.V.Own, e.V.arrived = keyed.None, a.patience.started
			a.table.Schedule(e)
		}
	}
	return nil
}
