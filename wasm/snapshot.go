package wasm

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/host"
)

// snapshotRow is the key under which the snapshot of an instance is stored, in the first group of its lane.
var snapshotRow = []byte("snapshot")

// Restore implements [plugins.Stateful]. An instance is restored when it is made, and that is now where it has a snapshot: a module that
// cannot go on with that is told before there is anything to do for it.
func (s *stage) Restore(state plugins.State) error {
	if err := s.clock.Restore(state, clockSpace); err != nil {
		return err
	}
	if err := s.store.table.Restore(state); err != nil {
		return err
	}
	s.guest.first, s.guest.last = state.Groups()
	for g := int(s.guest.first); g <= int(s.guest.last); g++ {
		blob, ok, err := state.Get(snapshotSpace, plugins.Group(g), snapshotRow, nil)
		if err != nil {
			return fmt.Errorf("read the snapshot of the module: %w", err)
		}
		if ok {
			s.guest.snapshots = append(s.guest.snapshots, blob)
			s.guest.others = s.guest.others || g != int(s.guest.first)
		}
	}
	if len(s.guest.snapshots) == 0 {
		return nil
	}
	if s.guest.instance != nil { // it knows nothing of them
		s.guest.discard()
	}
	if err := s.ready(context.Background()); err != nil {
		return fmt.Errorf("the module cannot go on with what it has kept in its memory: %w", err)
	}
	return nil
}

// Snapshot implements [plugins.Stateful].
func (s *stage) Snapshot(w plugins.StateWriter) error {
	s.clock.Snapshot(w, clockSpace)
	if err := s.store.table.Snapshot(w); err != nil {
		return err
	}
	blob, err := s.takeSnapshot()
	if blob == nil || err != nil {
		return err
	}
	s.guest.called = false
	w.Put(snapshotSpace, s.guest.first, snapshotRow, blob)
	if s.guest.others { // their keys are this lane's now
		for g := int(s.guest.first) + 1; g <= int(s.guest.last); g++ {
			w.Delete(snapshotSpace, plugins.Group(g), snapshotRow)
		}
		s.guest.others = false
	}
	return nil
}

// takeSnapshot returns what the instance keeps in its memory, from which the next one is then restored; nil where that is what it was
// at the last snapshot, or cannot be told.
func (s *stage) takeSnapshot() ([]byte, error) {
	if !s.plan.module.Snapshot || !s.guest.called || s.guest.instance == nil {
		return nil, nil
	}
	i := s.guest.instance
	i.Begin(host.Call{Now: s.env.Now().UnixMicro(), Watermark: s.watermark()})
	blob, err := i.Snapshot()
	if err != nil {
		fault, err := s.blamed(err)
		if fault != nil {
			s.logger.Error("the module cannot tell what it keeps in its memory; the snapshot before stays", "error", fault.Msg)
		}
		return nil, err
	}
	blob = append([]byte{}, blob...)
	s.guest.snapshots = [][]byte{blob}
	return blob, nil
}

// StateStats implements [plugins.StateCounter].
func (s *stage) StateStats() plugins.StateStats { return s.store.table.Stats() }
