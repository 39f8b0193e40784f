package keyed

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// All calls f for each entry, in the order of the keys. It may change or
// remove the entry it is called with, and nothing else.
func (t *Table[V]) All(f func(e *Entry[V]) error) error {
	hot := t.sorted()
	if t.cold == 0 {
		return visit(hot, f)
	}
	for m := t.merge(); ; {
		key, err := m.next()
		if err != nil {
			return err
		}
		// A key that is in memory comes from there: its row is outdated.
		n := len(hot)
		if key != nil {
			n, _ = slices.BinarySearchFunc(hot, string(key), func(e *Entry[V], key string) int { return strings.Compare(e.Key, key) })
		}
		if err := visit(hot[:n], f); err != nil {
			return err
		}
		hot = hot[n:]
		if key == nil {
			return nil
		}
		if len(hot) > 0 && hot[0].Key == string(key) {
			continue
		}
		if err := t.visitCold(key, f); err != nil {
			return err
		}
	}
}

// sorted returns the entries in memory in the order of their keys.
func (t *Table[V]) sorted() []*Entry[V] {
	hot := make([]*Entry[V], 0, t.hot())
	for place := range ones(t.slab.taken) {
		if e := t.slab.at(place); !e.is(dead) {
			hot = append(hot, e)
		}
	}
	slices.SortFunc(hot, func(x, y *Entry[V]) int { return strings.Compare(x.Key, y.Key) })
	return hot
}

func visit[V any](entries []*Entry[V], f func(e *Entry[V]) error) error {
	for _, e := range entries {
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// visitCold reads back a key for f, and lets it go again if f changed nothing.
func (t *Table[V]) visitCold(key []byte, f func(e *Entry[V]) error) error {
	stale := len(t.stale)
	e, err := t.load(key)
	if err != nil || e == nil {
		return err
	}
	if err := f(e); err != nil {
		return err
	}
	if !e.is(dirty | dead) {
		t.stale = t.stale[:stale]
		t.drop(e)
		t.cold++
	}
	return nil
}

// merger goes through the stored keys of all groups of a lane in order.
type merger struct {
	state  plugins.State
	space  byte
	groups []storedKeys
}

// storedKeys is the next stored keys of a group.
type storedKeys struct {
	group plugins.Group
	keys  [][]byte
	more  bool   // there are some after these
	from  []byte // where they begin
}

func (t *Table[V]) merge() *merger {
	m := &merger{state: t.state, space: t.config.Space}
	first, last := t.state.Groups()
	for g := int(first); g <= int(last); g++ {
		m.groups = append(m.groups, storedKeys{group: plugins.Group(g), more: true})
	}
	return m
}

// next returns the least key that it has not returned yet, nil after the last.
func (m *merger) next() ([]byte, error) {
	least := -1
	for i := range m.groups {
		g := &m.groups[i]
		if len(g.keys) == 0 && g.more {
			if err := m.read(g); err != nil {
				return nil, err
			}
		}
		if len(g.keys) > 0 && (least < 0 || bytes.Compare(g.keys[0], m.groups[least].keys[0]) < 0) {
			least = i
		}
	}
	if least < 0 {
		return nil, nil
	}
	g := &m.groups[least]
	key := g.keys[0]
	g.keys = g.keys[1:]
	return key, nil
}

// read reads the next keys of a group.
func (m *merger) read(g *storedKeys) error {
	g.more = false
	err := m.state.Ascend(m.space, g.group, g.from, func(key, _ []byte) bool {
		if len(g.keys) == readAhead {
			g.more, g.from = true, bytes.Clone(key)
			return false
		}
		g.keys = append(g.keys, bytes.Clone(key))
		return true
	})
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	return nil
}
