package transforms

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
	"github.com/onstream/onstream/plugins/keyed"
)

// windowPolicy is a type of window: it decides in which of a key's panes a
// record is, and when results are due. It emits through the stage's window.
type windowPolicy interface {
	// add takes in the row of a record that happened at a time; false where
	// it is late. The key's own time is at least that.
	add(key string, k *windowed, i uint32, at int64) bool
	// due returns the watermark at which the key's next result is due;
	// [plugins.Never] where no time makes one due.
	due(k *windowed) int64
	// fire emits the results that are due at a watermark, in order, and
	// forgets what no other one needs; at Never, all that is open.
	fire(key string, k *windowed, watermark int64)
	// open tells whether there are records that have had no final result.
	open(k *windowed) bool
	// sound reports whether panes that were stored can be those of a key.
	sound(k *windowed) bool
}

// The spaces of the state of a window stage; its table uses two.
const (
	windowTableSpace      = plugins.KeySpace
	windowClockSpace byte = 3
)

// window is a window stage.
type window struct {
	key    plugins.Evaluator // nil for one key
	time   *eventTime
	clock  windowClock
	wall   *pipelineClock
	calls  *aggregate.Calls
	panes  panes
	policy windowPolicy
	early  int64 // 0 for no early results
	table  *keyed.Table[windowed]

	results             *results
	keys                *rowColumns
	bounds              *rowColumns // start, end and final
	values              *rowColumns // of the calls
	fireEvent, fireWall func(e *keyed.Entry[windowed], due int64) error

	rows []uint32
	late []uint32
}

var (
	_ plugins.Transform    = (*window)(nil)
	_ plugins.Stateful     = (*window)(nil)
	_ plugins.Timed        = (*window)(nil)
	_ plugins.Finisher     = (*window)(nil)
	_ plugins.StateCounter = (*window)(nil)
)

func newWindow(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	emit := c.Aggregation("emit")
	calls, err := aggregate.NewCalls(emit.Calls, env)
	if err != nil {
		return nil, plugins.ConfigErrorf("emit", "%v", err)
	}
	w := &window{
		time: newEventTime(c.Expr("time"), c, env), clock: newWindowClock(c), wall: newPipelineClock(env),
		calls: calls, early: int64(c.Duration("early")),
		keys: keyColumn(c), bounds: localColumns("window", windowLocal().Type.Fields),
		values: &rowColumns{cols: make([]plugins.Column, len(emit.Calls))},
	}
	for k, call := range emit.Calls {
		w.values.paths = append(w.values.paths, plugins.AggregatePath(k))
		w.values.kinds = append(w.values.kinds, call.Type.Kind)
	}
	w.time.first, w.time.last = windowRange(c)
	if key := c.Expr("key"); key != nil {
		w.key = key.Evaluator(env)
	}
	w.results = newResults(newFields(emit.Emit, env), env, w.keys, w.bounds, w.values)
	w.panes = newPanes(calls, w.early > 0 || c.Has("sliding") || c.Has("count"))
	w.policy = newWindowPolicy(c, w)
	w.fireEvent, w.fireWall = w.idle, w.tick
	w.table = keyed.NewTable(keyed.Config[windowed]{
		Space: windowTableSpace, MaxKeys: c.Int("max_keys"), MaxHot: int(c.Int("max_hot")),
		Words: w.panes.beside(c), Init: w.panes.begin, Encode: w.encode, Decode: noting(w.wall, w.decode, w.clock.wall), Due: w.due,
	})
	return w, nil
}

func newWindowPolicy(c plugins.Config, w *window) windowPolicy {
	switch windowType(c) {
	case "tumbling":
		size := int64(c.Duration("tumbling"))
		return newFixedWindows(w, size, size, int64(c.Duration("offset")))
	case "hopping":
		return newFixedWindows(w, int64(c.Duration("hopping")), int64(c.Duration("every")), int64(c.Duration("offset")))
	case "sliding":
		return newSlidingWindows(w, int64(c.Duration("sliding")))
	case "session":
		return &sessionWindows{w, int64(c.Duration("session"))}
	default:
		step := c.Int("step")
		if step == 0 {
			step = c.Int("count")
		}
		return newCountWindows(w, c.Int("count"), step)
	}
}

// Process implements [plugins.Transform].
func (w *window) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	wall := w.wall.wall()
	w.results.begin(out, b.Received)
	if w.clock.processing {
		if err := w.table.FireWall(wall, w.fireWall); err != nil {
			return err
		}
	}
	times := w.time.of(b, wall)
	var key *plugins.Column
	if w.key != nil {
		key = w.key.Eval(b)
	}
	w.calls.Eval(b)
	w.rows, w.late = append(w.rows[:0], b.Sel...), w.late[:0]
	absorbed := 0
	w.table.Look(key, w.rows)
	for n, i := range w.rows {
		e, fresh, err := w.table.OpenRow(n)
		if err != nil {
			if err := failKey(b, i, err); err != nil {
				return err
			}
			continue
		}
		if w.take(e, fresh, i, times[i], wall) {
			absorbed++
		} else {
			w.late = append(w.late, i)
		}
		if err := w.table.FireEvent(w.clock.lane.Now(), w.fireEvent); err != nil {
			return err
		}
	}
	w.results.flush()
	if absorbed > 0 {
		out.Drop(absorbed)
	}
	if len(w.late) > 0 {
		b.Sel = append(b.Sel[:0], w.late...)
		out.Emit(1, b)
	}
	return nil
}

// take takes in the row of a key's record; false where it is late.
func (w *window) take(e *keyed.Entry[windowed], fresh bool, i uint32, at, wall int64) bool {
	k := &e.V
	if w.clock.processing && !fresh {
		at = max(at, k.Own, k.closed) // closed: by the end of all input
	}
	if fresh {
		w.clock.begin(k, e.Key, at, wall)
	} else {
		ahead := at > k.Own
		w.clock.show(k, e.Key, at, wall)
		if ahead {
			w.policy.fire(e.Key, k, w.clock.watermark(k))
			if w.early > 0 {
				w.fireEarly(e.Key, k)
			}
		}
	}
	onTime := w.policy.add(e.Key, k, i, at)
	if w.clock.ticks || !w.policy.open(k) { // else only its own records can make anything of it due
		w.table.Schedule(e)
	}
	return onTime
}

// due returns when a key wants attention if nothing comes.
func (w *window) due(e *keyed.Entry[windowed]) (event, wall int64) {
	k := &e.V
	at := w.policy.due(k)
	switch {
	case at != plugins.Never || w.policy.open(k):
		return w.clock.due(k, at)
	case w.clock.processing:
		return plugins.Never, later(k.Own, w.clock.forget)
	default:
		return later(k.Lane, w.clock.forget), plugins.Never
	}
}

// idle does what is due for a key when the lane's time has gone on.
func (w *window) idle(e *keyed.Entry[windowed], due int64) error {
	k := &e.V
	if !w.policy.open(k) {
		w.table.Remove(e)
		return nil
	}
	w.policy.fire(e.Key, k, w.clock.silent(k, due))
	return nil
}

// tick does what is due for a key by the pipeline's clock.
func (w *window) tick(e *keyed.Entry[windowed], due int64) error {
	k := &e.V
	switch {
	case !w.policy.open(k):
		w.table.Remove(e)
	case w.clock.processing:
		w.policy.fire(e.Key, k, due)
	default: // the key has ended
		w.policy.fire(e.Key, k, plugins.Never)
	}
	return nil
}

// Next implements [plugins.Timed].
func (w *window) Next() int64 { return w.wall.alarm(w.table.NextWall()) }

// Tick implements [plugins.Timed].
func (w *window) Tick(_ context.Context, now int64, out plugins.Emitter) error {
	w.results.begin(out, now)
	err := w.table.FireWall(w.wall.wall(), w.fireWall)
	w.results.flush()
	return err
}

// Finish implements [plugins.Finisher].
func (w *window) Finish(_ context.Context, out plugins.Emitter) error {
	w.results.begin(out, w.wall.machine().UnixNano())
	err := w.table.All(func(e *keyed.Entry[windowed]) error {
		if w.policy.open(&e.V) {
			w.table.Touch(e)
			w.policy.fire(e.Key, &e.V, plugins.Never)
		}
		return nil
	})
	w.results.flush()
	return err
}

// Restore implements [plugins.Stateful].
func (w *window) Restore(s plugins.State) error {
	if err := w.clock.lane.Restore(s, windowClockSpace); err != nil {
		return fmt.Errorf("restore the clock: %w", err)
	}
	if err := w.table.Restore(s); err != nil {
		return fmt.Errorf("restore windows: %w", err)
	}
	w.wall.restored(s)
	w.clock.restored = w.wall.wall()
	return nil
}

// Snapshot implements [plugins.Stateful].
func (w *window) Snapshot(sw plugins.StateWriter) error {
	w.clock.lane.Snapshot(sw, windowClockSpace)
	return w.table.Snapshot(sw)
}

// StateStats implements [plugins.StateCounter].
func (w *window) StateStats() plugins.StateStats { return w.table.Stats() }
