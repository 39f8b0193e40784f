package plugintest

import (
	"slices"
	"strings"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// memoryState is what a stage stores, of all groups. The zero value is empty. It is safe for
// concurrent use.
type memoryState struct {
	mu     sync.Mutex
	values map[place]string
}

type place struct {
	space byte
	group plugins.Group
	key   string
}

var (
	_ plugins.State       = (*memoryState)(nil)
	_ plugins.StateWriter = (*memoryState)(nil)
)

// Groups implements [plugins.State].
func (*memoryState) Groups() (first, last plugins.Group) { return 0, plugins.Groups - 1 }

// Get implements [plugins.State].
func (m *memoryState) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[place{space, g, string(key)}]
	return append(dst, v...), ok, nil
}

// Ascend implements [plugins.State].
func (m *memoryState) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	m.mu.Lock()
	var found []place
	values := map[place]string{}
	for p, v := range m.values {
		if p.space == space && p.group == g && p.key >= string(from) {
			found = append(found, p)
			values[p] = v
		}
	}
	m.mu.Unlock()
	slices.SortFunc(found, func(a, b place) int { return strings.Compare(a.key, b.key) })
	for _, p := range found {
		if !f([]byte(p.key), []byte(values[p])) {
			break
		}
	}
	return nil
}

// Put implements [plugins.StateWriter].
func (m *memoryState) Put(space byte, g plugins.Group, key, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[place]string{}
	}
	m.values[place{space, g, string(key)}] = string(value)
}

// Delete implements [plugins.StateWriter].
func (m *memoryState) Delete(space byte, g plugins.Group, key []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, place{space, g, string(key)})
}
