package keyed

import (
	"fmt"
	"math"

	"github.com/onstream/onstream/plugins"
)

// Snapshot writes what has changed since the last call, and makes room: what
// the last call has chosen to leave memory, and was not used since, leaves it
// now that its rows are sure to be readable.
func (t *Table[V]) Snapshot(w plugins.StateWriter) error {
	t.evict()
	for _, r := range t.stale {
		t.buf = r.append(t.buf[:0])
		w.Delete(t.config.Space+1, groupOf(r.key), t.buf)
	}
	t.stale = nil
	for key := range t.gone {
		w.Delete(t.config.Space, groupOf(key), []byte(key))
	}
	t.gone, t.going = t.going, t.gone
	clear(t.gone)
	for place := range ones(t.dirty) {
		e := t.slab.at(place)
		t.buf = t.config.Encode(t.buf[:0], &e.V)
		w.Put(t.config.Space, groupOf(e.Key), []byte(e.Key), t.buf)
		e.state = e.state&^dirty | stored
	}
	clear(t.dirty)
	t.choose(w)
	return nil
}

func groupOf(key string) plugins.Group { return plugins.GroupOf([]byte(key)) }

// evict drops what the last snapshot has chosen.
func (t *Table[V]) evict() {
	if len(t.leaving) == 0 {
		return
	}
	var rows []timerRow
	for _, e := range t.leaving {
		if !e.is(leaving) {
			continue
		}
		rows = t.appendRows(rows, e)
		t.drop(e)
		t.cold++
	}
	t.leaving = nil
	for _, r := range rows {
		if a := &t.ahead[r.d]; r.due < a.until {
			a.rows = append(a.rows, r)
		}
	}
	for d := range t.ahead {
		t.ahead[d].settle()
	}
}

// choose picks entries that are to leave memory, those not used lately, by
// giving each a second chance, and writes their timers. Their values are
// written already; they leave when that is committed: at the next snapshot.
func (t *Table[V]) choose(w plugins.StateWriter) {
	surplus := t.hot() - int64(t.config.MaxHot)
	if surplus <= 0 || t.state == nil {
		return
	}
	var rows []timerRow
	for range 2 * t.hot() {
		e := t.next()
		if e.state&(used|leaving) != 0 {
			e.state &^= used
			continue
		}
		e.state |= leaving
		t.leaving = append(t.leaving, e)
		rows = t.appendRows(rows[:0], e)
		for _, r := range rows {
			t.buf = r.append(t.buf[:0])
			w.Put(t.config.Space+1, groupOf(r.key), t.buf, nil)
		}
		if surplus--; surplus == 0 {
			return
		}
	}
}

// next returns the entry in memory at which eviction looks next.
func (t *Table[V]) next() *Entry[V] {
	for {
		if t.hand++; int(t.hand) >= chunkSize*len(t.slab.chunks) {
			t.hand = 0
		}
		if t.slab.taken[t.hand/64]>>(t.hand%64)&1 == 1 && !t.slab.at(t.hand).is(dead) {
			return t.slab.at(t.hand)
		}
	}
}

// Restore reads the table from what was stored. It is called once, on an empty
// table.
func (t *Table[V]) Restore(s plugins.State) error {
	t.state = s
	first, last := s.Groups()
	for g := int(first); g <= int(last); g++ {
		if err := t.restoreGroup(plugins.Group(g)); err != nil {
			return err
		}
	}
	return nil
}

// restoreGroup reads the keys of a group. Those beyond MaxHot stay out of
// memory, but for the ones that have a timer without a row.
func (t *Table[V]) restoreGroup(g plugins.Group) error {
	rows := map[string]struct{}{}
	err := t.state.Ascend(t.config.Space+1, g, nil, func(row, _ []byte) bool {
		rows[string(row)] = struct{}{}
		return true
	})
	if err != nil {
		return fmt.Errorf("read timers: %w", err)
	}
	if len(rows) > 0 {
		for d := range t.ahead {
			t.ahead[d].until = math.MinInt64
		}
	}
	var broken error
	var due []timerRow
	err = t.state.Ascend(t.config.Space, g, nil, func(key, value []byte) bool {
		full := t.hot() >= int64(t.config.MaxHot)
		var e *Entry[V]
		if e, broken = t.decode(key, value); broken != nil || !full {
			return broken == nil
		}
		due = t.appendRows(due[:0], e)
		for _, r := range due {
			t.buf = r.append(t.buf[:0])
			if _, ok := rows[string(t.buf)]; !ok {
				return true
			}
		}
		t.drop(e)
		t.cold++
		return true
	})
	if err == nil {
		err = broken
	}
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	return nil
}
