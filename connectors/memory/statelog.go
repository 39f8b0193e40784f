package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// stateLog is what members of a group leave to each other for one partition. It lives as
// long as the process, as all of the bus.
type stateLog struct {
	mu      sync.Mutex
	entries [][]byte
	first   int64 // number of the first of them
}

var (
	_ plugins.StateLogs = (*connection)(nil)
	_ plugins.StateLog  = (*stateLog)(nil)
)

// StateLog implements [plugins.StateLogs].
func (c *connection) StateLog(_ context.Context, name string, p plugins.Partition) (plugins.StateLog, error) {
	key := fmt.Sprintf("%s\n%s\n%d", name, p.Name, p.ID)
	c.bus.mu.Lock()
	defer c.bus.mu.Unlock()
	l := c.bus.states[key]
	if l == nil {
		l = &stateLog{}
		c.bus.states[key] = l
	}
	return l, nil
}

// Append implements [plugins.StateLog].
func (l *stateLog) Append(_ context.Context, entries ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		if len(e) > plugins.MaxStateEntry {
			return fmt.Errorf("an entry of %d bytes is more than a log of state takes", len(e))
		}
		l.entries = append(l.entries, slices.Clone(e))
	}
	return nil
}

// Read implements [plugins.StateLog].
func (l *stateLog) Read(ctx context.Context, f func(number int64, entry []byte) error) error {
	l.mu.Lock()
	entries, first := slices.Clone(l.entries), l.first
	l.mu.Unlock()
	for i, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(first+int64(i), e); err != nil {
			return err
		}
	}
	return nil
}

// Trim implements [plugins.StateLog].
func (l *stateLog) Trim(_ context.Context, below int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int(min(max(below-l.first, 0), int64(len(l.entries))))
	l.entries = slices.Delete(l.entries, 0, n)
	l.first += int64(n)
	return nil
}

// Close implements [plugins.Closer]. The log stays for who takes the partition over.
func (l *stateLog) Close(context.Context) error { return nil }
