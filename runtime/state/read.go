package state

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// scan calls f with the rows of a range that range makes of the id of a stage.
func (s *Store) scan(addr string, bounds func(id uint32) (from, to []byte), f func(key, value []byte) error) error {
	v, dirs := s.hold()
	defer s.drop(v)
	st, ok := dirs.stages[addr]
	if !ok {
		return nil
	}
	from, to := bounds(st.id)
	var stopped error
	err := v.ascend(from, to, func(key, value []byte) bool {
		stopped = f(key, value)
		return stopped == nil
	})
	if err != nil {
		return s.explain(fmt.Errorf("read state of %s: %w", addr, err))
	}
	return stopped
}

// Positions returns where to resume each partition of a source.
func (s *Store) Positions(addr string) (map[plugins.Partition]plugins.Position, error) {
	positions := map[plugins.Partition]plugins.Position{}
	bounds := func(id uint32) (from, to []byte) { return partRange(id, partPositions) }
	err := s.scan(addr, bounds, func(key, value []byte) error {
		p, at, err := decodePosition(key, value)
		if err != nil {
			return rowError(key, err)
		}
		positions[p] = at
		return nil
	})
	if err != nil {
		return nil, err
	}
	return positions, nil
}

// Outbox calls f with what was posted for a sink and is not settled, in order.
// The parcel is valid during the call only; an error of f ends it and is
// returned.
func (s *Store) Outbox(addr string, f func(seq int64, parcel []byte) error) error {
	bounds := func(id uint32) (from, to []byte) { return partRange(id, partOutbox) }
	return s.scan(addr, bounds, func(key, value []byte) error {
		seq, err := decodeOutboxKey(key)
		if err != nil {
			return rowError(key, err)
		}
		return f(seq, value)
	})
}

// State returns the state of the keys of a stage in a run of groups. It reads
// the newest commit, whichever that is at the time of the call, and never one
// that is not finished.
func (s *Store) State(addr string, first, last plugins.Group) plugins.State {
	return &stageState{s, addr, first, last}
}

type stageState struct {
	store       *Store
	addr        string
	first, last plugins.Group
}

var _ plugins.State = (*stageState)(nil)

func (t *stageState) Groups() (first, last plugins.Group) { return t.first, t.last }

func (t *stageState) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	v, dirs := t.store.hold()
	defer t.store.drop(v)
	st, ok := dirs.stages[t.addr]
	if !ok {
		return dst, false, nil
	}
	var buf [64]byte
	value, found, err := v.get(stateKey(buf[:0], st.id, space, g, key), dst)
	if err != nil {
		return dst, false, t.store.explain(fmt.Errorf("read state of %s: %w", t.addr, err))
	}
	return value, found, nil
}

func (t *stageState) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	v, dirs := t.store.hold()
	defer t.store.drop(v)
	st, ok := dirs.stages[t.addr]
	if !ok {
		return nil
	}
	lower, upper := groupRange(st.id, space, g, from)
	err := v.ascend(lower, upper, func(key, value []byte) bool { return f(key[stateHeader:], value) })
	if err != nil {
		return t.store.explain(fmt.Errorf("read state of %s: %w", t.addr, err))
	}
	return nil
}

// Row is a value of the state of a stage.
type Row struct {
	Space byte
	Group plugins.Group
	Key   []byte
	Value []byte
}

// Rows calls f with all of the state of a stage, in the order of space, group
// and key. The row is valid during the call only; an error of f ends it and is
// returned.
func (s *Store) Rows(addr string, f func(Row) error) error {
	bounds := func(id uint32) (from, to []byte) { return partRange(id, partState) }
	return s.scan(addr, bounds, func(key, value []byte) error {
		if len(key) < stateHeader {
			return rowError(key, errRow)
		}
		return f(Row{key[5], key[6], key[stateHeader:], value})
	})
}
