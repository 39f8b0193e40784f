package keyed_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// store is a fake of a stage's state: what a snapshot writes is readable when
// it is committed.
type store struct {
	rows    map[string]string // by space, group and key
	pending []func()
	gets    int
	commits int
	broken  bool
}

func newStore() *store { return &store{rows: map[string]string{}} }

func rowKey(space byte, g plugins.Group, key []byte) string {
	return string([]byte{space, g}) + string(key)
}

func (s *store) Put(space byte, g plugins.Group, key, value []byte) {
	k, v := rowKey(space, g, key), string(value)
	s.pending = append(s.pending, func() { s.rows[k] = v })
}

func (s *store) Delete(space byte, g plugins.Group, key []byte) {
	k := rowKey(space, g, key)
	s.pending = append(s.pending, func() { delete(s.rows, k) })
}

func (s *store) commit() {
	for _, f := range s.pending {
		f()
	}
	s.pending = nil
	s.commits++
}

// lane is the state of the groups from first to last.
type lane struct {
	*store
	first, last plugins.Group
}

// sorted is the state of one lane that is fast with many rows: it puts the
// rows in order anew only when something was committed.
func sorted(s *store) plugins.State { return &sortedLane{lane: lane{s, 0, 255}} }

type sortedLane struct {
	lane
	keys    []string
	commits int
}

func (l *sortedLane) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	if l.keys == nil || l.commits != l.store.commits {
		l.keys, l.commits = slices.Sorted(maps.Keys(l.rows)), l.store.commits
	}
	prefix := rowKey(space, g, nil)
	at, _ := slices.BinarySearch(l.keys, prefix+string(from))
	for _, k := range l.keys[at:] {
		if !strings.HasPrefix(k, prefix) || !f([]byte(k[2:]), []byte(l.rows[k])) {
			return nil
		}
	}
	return nil
}

// split returns the states of so many lanes.
func (s *store) split(lanes int) []plugins.State {
	states := make([]plugins.State, lanes)
	for l := range lanes {
		states[l] = lane{s, plugins.Group(l * 256 / lanes), plugins.Group((l+1)*256/lanes - 1)}
	}
	return states
}

// laneOf returns the number of the lane of a key.
func laneOf(states []plugins.State, key string) int {
	g := plugins.GroupOf([]byte(key))
	return slices.IndexFunc(states, func(s plugins.State) bool {
		first, last := s.Groups()
		return first <= g && g <= last
	})
}

func (l lane) Groups() (first, last plugins.Group) { return l.first, l.last }

var errBroken = errors.New("the disk is broken")

func (l lane) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	l.gets++
	if l.broken {
		return dst, false, errBroken
	}
	v, ok := l.rows[rowKey(space, g, key)]
	return append(dst, v...), ok, nil
}

func (l lane) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	if l.broken {
		return errBroken
	}
	prefix := rowKey(space, g, nil)
	var keys []string
	for k := range maps.Keys(l.rows) {
		if strings.HasPrefix(k, prefix) && bytes.Compare([]byte(k[2:]), from) >= 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if !f([]byte(k[2:]), []byte(l.rows[k])) {
			return nil
		}
	}
	return nil
}
