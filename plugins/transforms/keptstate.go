package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// The spaces of the state of a keptState; its table uses two.
const (
	keptSpace           = plugins.KeySpace
	keptClockSpace byte = 3
)

// keptState is what a lane keeps: a value for each key, and the clock of event
// time. A transform that embeds it is [plugins.Stateful], can tell when its
// table wants a tick, and what it keeps.
type keptState[V any] struct {
	table    *keyed.Table[V]
	clock    keyed.Clock
	pipeline *pipelineClock
}

// newKeptState returns an empty state for a stage with an attribute max_keys.
// Wall returns a time of the pipeline's clock that is stored of a key, or
// [keyed.None].
func newKeptState[V any](c plugins.Config, env plugins.Env, wall func(*V) int64, k keyed.Config[V]) keptState[V] {
	k.Space, k.MaxKeys = keptSpace, c.Int("max_keys")
	p := newPipelineClock(env)
	k.Decode = noting(p, k.Decode, wall)
	return keptState[V]{table: keyed.NewTable(k), pipeline: p}
}

// Restore implements [plugins.Stateful].
func (k *keptState[V]) Restore(s plugins.State) error {
	if err := k.clock.Restore(s, keptClockSpace); err != nil {
		return err
	}
	if err := k.table.Restore(s); err != nil {
		return err
	}
	k.pipeline.restored(s)
	return nil
}

// Snapshot implements [plugins.Stateful].
func (k *keptState[V]) Snapshot(w plugins.StateWriter) error {
	k.clock.Snapshot(w, keptClockSpace)
	return k.table.Snapshot(w)
}

// Next implements [plugins.Timed].
func (k *keptState[V]) Next() int64 { return k.pipeline.alarm(k.table.NextWall()) }

// StateStats implements [plugins.StateCounter].
func (k *keptState[V]) StateStats() plugins.StateStats { return k.table.Stats() }

// forget removes a key that is due.
func (k *keptState[V]) forget(e *keyed.Entry[V], _ int64) error {
	k.table.Remove(e)
	return nil
}
