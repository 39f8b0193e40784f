package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/handoff"
	"github.com/onstream/onstream/runtime/state"
)

// legacy is what a checkpoint leaves in the logs of partitions.
type legacy struct {
	mu     sync.Mutex
	deltas map[*custody]*handoff.Delta
	stands map[*custody]plugins.Position
	number map[*custody]int64
	left   bool // it is in the logs
}

// forgetVoid takes out of the store what a snapshot, which could be stored only
// now, had of partitions that are somebody else's meanwhile.
func (c *checkpoints) forgetVoid(s *snapshot) error {
	if s.legacy == nil {
		return nil
	}
	commit := c.store.Begin()
	for h := range s.legacy.deltas {
		if h.void {
			c.forgetPart(commit, c.engine.current().graph, h)
		}
	}
	if commit.Empty() {
		return nil
	}
	return commit.Write(c.engine.config.Now(), false)
}

// newLegacy begins what a checkpoint leaves. What a former owner's numbers stand for
// is settled first: this owner may give the same numbers.
func (c *checkpoints) newLegacy() *legacy {
	l := &legacy{deltas: map[*custody]*handoff.Delta{}, stands: map[*custody]plugins.Position{}, number: map[*custody]int64{}}
	for _, h := range c.custodies {
		if h.journal != nil {
			l.deltas[h] = new(handoff.Delta)
			for _, r := range h.settled {
				l.deltas[h].Add(r)
			}
		}
	}
	return l
}

// of returns the custody of a partition, nil for none. Records at a sink only
// know their partition, which one source has.
func (l *legacy) of(source string, p plugins.Partition) *custody {
	for h := range l.deltas {
		if h.part == p && (source == "" || h.source == source) {
			return h
		}
	}
	return nil
}

// add adds a row to what is left of a partition, if it is in custody.
func (l *legacy) add(source string, p plugins.Partition, r handoff.Row) {
	if l == nil {
		return
	}
	l.addTo(l.of(source, p), r)
}

// addTo adds a row to what is left of a partition in custody; nil is for none.
func (l *legacy) addTo(h *custody, r handoff.Row) {
	if h == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deltas[h].Add(r)
}

// writer returns what writes the rows of a stage both to the checkpoint and to
// the log.
func (l *legacy) writer(commit *state.Commit, s *graph.Stage, p plugins.Partition) plugins.StateWriter {
	return &legacyWriter{commit.Writer(partAddr(s.Addr(), p)), l, l.of(s.Follows, p), s.Addr()}
}

type legacyWriter struct {
	store  plugins.StateWriter
	legacy *legacy
	part   *custody // nil where it is left to nobody
	addr   string
}

// Put implements [plugins.StateWriter].
func (w *legacyWriter) Put(space byte, g plugins.Group, key, value []byte) {
	w.store.Put(space, g, key, value)
	w.legacy.addTo(w.part, handoff.Row{Kind: handoff.Put, Addr: w.addr, Space: space, Group: g, Key: key, Value: value})
}

// Delete implements [plugins.StateWriter].
func (w *legacyWriter) Delete(space byte, g plugins.Group, key []byte) {
	w.store.Delete(space, g, key)
	w.legacy.addTo(w.part, handoff.Row{Kind: handoff.Delete, Addr: w.addr, Space: space, Group: g, Key: key})
}

// conclude numbers what is left of each partition of which something changed.
func (c *checkpoints) conclude(s *snapshot) {
	for h, d := range s.legacy.deltas {
		at := s.stands[h.source][h.part]
		if at == nil { // nothing was read of it here yet
			at = h.journal.Standing().Position
		}
		moved := string(at) != string(h.journal.Standing().Position)
		if d.Size() == 0 && !moved && !h.whole {
			continue
		}
		s.legacy.stands[h] = at
		s.legacy.number[h] = h.number + 1
		noted := *h
		noted.number++
		noted.note(s.commit)
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

// tryBequeath appends to all logs at once.
func (c *checkpoints) tryBequeath(ctx context.Context, l *legacy) error {
	var mu sync.Mutex
	var errs []error
	var appending sync.WaitGroup
	for h, number := range l.number {
		if h.void || h.number >= number { // or it was appended by an earlier attempt
			continue
		}
		appending.Go(func() {
			err := c.bequeathOne(ctx, h, number, l.stands[h], l.deltas[h])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("leave what the stages keep of partition %s to its next owner: %w", partName(h.part), err))
			}
		})
	}
	appending.Wait()
	return errors.Join(errs...)
}

func (c *checkpoints) bequeathOne(ctx context.Context, h *custody, number int64, at plugins.Position, changed *handoff.Delta) error {
	whole := h.whole || h.journal.Wasteful()
	if !whole {
		if err := h.journal.Append(ctx, number, at, changed); err != nil {
			return err
		}
		h.number, h.settled = number, nil
		return nil
	}
	all := new(handoff.Delta)
	if err := c.gatherWhole(h, all); err != nil {
		return err
	}
	all.Join(changed)
	if err := h.journal.AppendFull(ctx, number, at, all); err != nil {
		return err
	}
	h.number, h.settled, h.whole = number, nil, false
	if err := h.journal.Trim(ctx); err != nil {
		c.engine.config.Logger.Warn("the log of what the stages keep is not shortened for now", "partition", partName(h.part), "error", err)
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
			if partOfParcel(data) == h.part {
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
