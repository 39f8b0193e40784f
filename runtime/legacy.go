package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/handoff"
	"github.com/onstream/onstream/runtime/state"
)

// legacy is what a checkpoint leaves in the logs of partitions.
type legacy struct {
	mu   sync.Mutex // of what the bequests collect
	of   map[origin]*bequest
	left bool // it is in the logs
}

// bequest is what a checkpoint leaves of one partition.
type bequest struct {
	*custody
	delta  handoff.Delta
	keeps  map[string]string
	at     plugins.Position
	number int64 // of the commit; 0 where nothing has changed
}

// forgetVoid takes out of the store what a snapshot, which could be stored only
// now, had of partitions that are somebody else's meanwhile.
func (c *checkpoints) forgetVoid(ctx context.Context, s *snapshot) error {
	if s.legacy == nil {
		return nil
	}
	commit := c.store.Begin()
	for _, b := range s.legacy.of {
		if b.void.Load() {
			c.forgetPart(commit, c.engine.current().graph, b.custody)
		}
	}
	if commit.Empty() {
		return nil
	}
	return c.write(ctx, commit, false)
}

// newLegacy begins what a checkpoint leaves. What a former owner's numbers stand for
// is settled first: this owner may give the same numbers.
func (c *checkpoints) newLegacy() *legacy {
	l := &legacy{of: map[origin]*bequest{}}
	for _, h := range c.custodies {
		if h.journal != nil {
			b := &bequest{custody: h}
			for _, r := range h.settled {
				b.delta.Add(r)
			}
			l.of[h.origin()] = b
		}
	}
	return l
}

// add adds a row to what is left of where it is from, if that is in custody.
func (l *legacy) add(from origin, r handoff.Row) {
	if l == nil || l.of[from] == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[from].delta.Add(r)
}

// writer returns what writes the rows of a stage both to the checkpoint and to
// the log.
func (l *legacy) writer(commit *state.Commit, s *graph.Stage, p plugins.Partition) plugins.StateWriter {
	return &legacyWriter{commit.Writer(partAddr(s.Addr(), p)), l, origin{s.Follows, p}, s.Addr()}
}

type legacyWriter struct {
	store  plugins.StateWriter
	legacy *legacy
	from   origin
	addr   string
}

// Put implements [plugins.StateWriter].
func (w *legacyWriter) Put(space byte, g plugins.Group, key, value []byte) {
	w.store.Put(space, g, key, value)
	w.legacy.add(w.from, handoff.Row{Kind: handoff.Put, Addr: w.addr, Space: space, Group: g, Key: key, Value: value})
}

// Delete implements [plugins.StateWriter].
func (w *legacyWriter) Delete(space byte, g plugins.Group, key []byte) {
	w.store.Delete(space, g, key)
	w.legacy.add(w.from, handoff.Row{Kind: handoff.Delete, Addr: w.addr, Space: space, Group: g, Key: key})
}

// granted returns, of what sources are to be told, what their next owners find in the
// logs. A partition may be somebody else's since the checkpoint was taken, and not be left
// to anybody: its source could still move the group's position, behind which that one
// would find nothing.
func (l *legacy) granted(acks []ack) []ack {
	if l == nil {
		return acks
	}
	return slices.DeleteFunc(acks, func(a ack) bool {
		b := l.of[a.from]
		return b != nil && b.custody.number < b.number
	})
}

// conclude numbers what is left of each partition of which something changed.
func (c *checkpoints) conclude(s *snapshot, g *graph.Graph) {
	for _, b := range s.legacy.of {
		b.keeps, b.at = keeps(g, b.source, s.claims), s.stands[b.source][b.part]
		if b.at == nil { // nothing was read of it here yet
			b.at = b.journal.Standing().Position
		}
		b.whole = b.whole || !maps.Equal(b.keeps, b.custody.keeps)
		moved := string(b.at) != string(b.journal.Standing().Position)
		if b.delta.Size() == 0 && !moved && !b.whole {
			continue
		}
		b.number = b.custody.number + 1
		b.note(s.commit, b.number)
	}
}

// bequeath writes to the logs what a checkpoint has, before it counts: then the
// next owner has no less than what sources were told.
func (c *checkpoints) bequeath(ctx context.Context, s *snapshot) error {
	if s.legacy == nil || s.legacy.left {
		return nil
	}
	if err := c.insist(ctx, func() error { return c.tryBequeath(ctx, s.legacy) }); err != nil {
		return err
	}
	s.legacy.left = true
	return nil
}

// tryBequeath appends to all logs.
func (c *checkpoints) tryBequeath(ctx context.Context, l *legacy) error {
	return sideBySide(slices.Collect(maps.Values(l.of)), func(b *bequest) error {
		if b.void.Load() || b.custody.number >= b.number { // or it was appended by an earlier attempt
			return nil
		}
		faultpoint("before_bequest")
		if err := c.bequeathOne(ctx, b); err != nil {
			return fmt.Errorf("leave what the stages keep of partition %s to its next owner: %w", b.part, err)
		}
		return nil
	})
}

func (c *checkpoints) bequeathOne(ctx context.Context, b *bequest) error {
	whole := b.whole || b.journal.Wasteful()
	if whole {
		all := new(handoff.Delta)
		if err := c.gatherWhole(b.custody, all); err != nil {
			return err
		}
		all.Join(&b.delta)
		if err := b.journal.AppendFull(ctx, b.number, b.at, b.keeps, all); err != nil {
			return err
		}
	} else if err := b.journal.Append(ctx, b.number, b.at, &b.delta); err != nil {
		return err
	}
	b.custody.number, b.custody.keeps, b.settled, b.whole = b.number, b.keeps, nil, false
	if !whole {
		return nil
	}
	if err := b.journal.Trim(ctx); err != nil {
		c.engine.config.Logger.Warn("the log of what the stages keep is not shortened for now", "partition", b.part.String(), "error", err)
	}
	return nil
}

// gatherWhole collects what the last checkpoint has of a partition.
func (c *checkpoints) gatherWhole(h *custody, all *handoff.Delta) error {
	top := c.engine.current()
	for _, s := range followers(top.graph, h.source) {
		err := c.store.Rows(partAddr(s.Addr(), h.part), func(r state.Row) error {
			all.Add(handoff.Row{Kind: handoff.Put, Addr: s.Addr(), Space: r.Space, Group: r.Group, Key: r.Key, Value: r.Value})
			return nil
		})
		if err != nil {
			return err
		}
	}
	for addr := range top.sinks {
		err := c.store.Outbox(addr, func(number int64, data []byte) error {
			from := originOf(data)
			if from.source = latterly(from.source, top.graph); from == h.origin() {
				all.Add(handoff.Row{Kind: handoff.Post, Addr: addr, Number: number, Value: data})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
