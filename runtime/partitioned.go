package runtime

import (
	"context"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// partitioned is a stateful transform that keeps what it keeps by the
// partitions of a source: it is an instance of the stage's kind for each of
// those that are the process's, so that one can go and leave nothing behind.
type partitioned struct {
	engine *Engine
	addr   string
	create func() (plugins.Transform, error)
	shares []*share // in order of their opening
}

// share is the instance for one partition.
type share struct {
	plugins.Transform
	plugins.Emitter // during a call
	custody         *custody
}

var (
	_ plugins.Transform    = (*partitioned)(nil)
	_ plugins.Stateful     = (*partitioned)(nil)
	_ plugins.Timed        = (*partitioned)(nil)
	_ plugins.Finisher     = (*partitioned)(nil)
	_ plugins.StateCounter = (*partitioned)(nil)
	_ plugins.Heir         = (*partitioned)(nil)
)

// open makes the instance of a partition, with what is stored for it.
func (t *partitioned) open(h *custody) error {
	if s := t.share(h.part); s != nil {
		s.custody = h
		return nil
	}
	made, err := t.create()
	if err != nil {
		return err
	}
	if s, ok := made.(plugins.Stateful); ok {
		if err := s.Restore(t.engine.state.store.State(partAddr(t.addr, h.part), 0, plugins.Groups-1)); err != nil {
			return err
		}
	}
	t.shares = append(t.shares, &share{Transform: made, custody: h})
	return nil
}

// close gives up the instance of a partition.
func (t *partitioned) close(p plugins.Partition) {
	t.shares = slices.DeleteFunc(t.shares, func(s *share) bool { return s.custody.part == p })
}

func (t *partitioned) share(p plugins.Partition) *share {
	for _, s := range t.shares {
		if s.custody.part == p {
			return s
		}
	}
	return nil
}

// Process implements [plugins.Transform]. Records of a partition that is not
// the process's any more are dropped: its new owner has them. Those of a replay
// are of none, and fail.
func (t *partitioned) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	s := t.share(b.Part)
	switch {
	case s == nil && strings.HasPrefix(b.Part.Name, spool.ReplayPrefix):
		for _, i := range b.Sel {
			b.Fail(i, plugins.Failure{Code: "replayed", Msg: "the record was replayed, and what " + t.addr + " keeps goes with the partitions of a topic: send it to the topic again"})
		}
		return nil
	case s == nil:
		out.Drop(len(b.Sel))
		return nil
	}
	return s.call(out, func() error { return s.Process(ctx, b, s) })
}

// call lets the instance work, with what it makes marked as of its partition.
func (s *share) call(out plugins.Emitter, f func() error) error {
	s.Emitter = out
	defer func() { s.Emitter = nil }()
	return f()
}

// Emit implements [plugins.Emitter].
func (s *share) Emit(output int, b *plugins.Batch) {
	b.Part = s.custody.part
	s.Emitter.Emit(output, b)
}

// Restore implements [plugins.Stateful]. What is stored is read when it is known
// which partitions are the process's.
func (t *partitioned) Restore(plugins.State) error { return nil }

// Snapshot implements [plugins.Stateful]. It is [partitioned.snapshot] that
// knows where each partition's rows go.
func (t *partitioned) Snapshot(plugins.StateWriter) error { return nil }

// snapshot writes what has changed in each partition.
func (t *partitioned) snapshot(writer func(plugins.Partition) plugins.StateWriter) error {
	for _, s := range t.shares {
		if k, ok := s.Transform.(plugins.Stateful); ok {
			if err := k.Snapshot(writer(s.custody.part)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Inherit implements [plugins.Heir].
func (t *partitioned) Inherit(from plugins.Transform) {
	old, ok := from.(*partitioned)
	if !ok {
		return
	}
	for _, s := range t.shares {
		if heir, ok := s.Transform.(plugins.Heir); ok {
			if was := old.share(s.custody.part); was != nil {
				heir.Inherit(was.Transform)
			}
		}
	}
}

// Next implements [plugins.Timed].
func (t *partitioned) Next() int64 {
	next := plugins.Never
	for _, s := range t.shares {
		if k, ok := s.timed(); ok {
			next = min(next, k.Next())
		}
	}
	return next
}

// timed returns the timers of the instance, unless they rest.
func (s *share) timed() (k plugins.Timed, ok bool) {
	if s.custody.leaving.Load() {
		return nil, false
	}
	k, ok = s.Transform.(plugins.Timed)
	return k, ok
}

// Tick implements [plugins.Timed].
func (t *partitioned) Tick(ctx context.Context, now int64, out plugins.Emitter) error {
	for _, s := range t.shares {
		if k, ok := s.timed(); ok && k.Next() <= now {
			if err := s.call(out, func() error { return k.Tick(ctx, now, s) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// Finish implements [plugins.Finisher].
func (t *partitioned) Finish(ctx context.Context, out plugins.Emitter) error {
	for _, s := range t.shares {
		if k, ok := s.Transform.(plugins.Finisher); ok {
			if err := s.call(out, func() error { return k.Finish(ctx, s) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// StateStats implements [plugins.StateCounter].
func (t *partitioned) StateStats() plugins.StateStats {
	var all plugins.StateStats
	for _, s := range t.shares {
		if k, ok := s.Transform.(plugins.StateCounter); ok {
			n := k.StateStats()
			all.Keys += n.Keys
			all.Hot += n.Hot
		}
	}
	return all
}
