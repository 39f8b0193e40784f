package golden

import (
	"bytes"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// state is what the stage has stored.
type state map[address][]byte

// address is where a row is stored.
type address struct {
	space byte
	group plugins.Group
	key   string
}

var (
	_ plugins.State       = state{}
	_ plugins.StateWriter = state{}
)

// Groups implements [plugins.State].
func (s state) Groups() (first, last plugins.Group) { return 0, plugins.Groups - 1 }

// Get implements [plugins.State].
func (s state) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	v, ok := s[address{space, g, string(key)}]
	return append(dst, v...), ok, nil
}

// Ascend implements [plugins.State].
func (s state) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	var keys []string
	for at := range s {
		if at.space == space && at.group == g && at.key >= string(from) {
			keys = append(keys, at.key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if !f([]byte(key), s[address{space, g, key}]) {
			break
		}
	}
	return nil
}

// Put implements [plugins.StateWriter].
func (s state) Put(space byte, g plugins.Group, key, value []byte) {
	s[address{space, g, string(key)}] = bytes.Clone(value)
}

// Delete implements [plugins.StateWriter].
func (s state) Delete(space byte, g plugins.Group, key []byte) {
	delete(s, address{space, g, string(key)})
}
