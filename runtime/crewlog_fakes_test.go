package runtime_test

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"testing"

	"github.com/onstream/onstream/runtime/handoff"
)

// crewLog is a log in memory.
type crewLog struct {
	mu      sync.Mutex
	first   int64
	entries [][]byte
	broken  error         // of Append, which then adds all but the last entry
	closed  int           // how often somebody was done with it
	held    chan struct{} // until it is closed Append waits; nil for not
	waiting int           // in Append
}

func (l *crewLog) Append(ctx context.Context, entries ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held := l.held; held != nil {
		l.waiting++
		l.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
		}
		l.mu.Lock()
		l.waiting--
	}
	n := len(entries)
	if l.broken != nil {
		n--
	}
	for _, e := range entries[:n] {
		l.entries = append(l.entries, slices.Clone(e))
	}
	return l.broken
}

func (l *crewLog) Read(_ context.Context, f func(int64, []byte) error) error {
	l.mu.Lock()
	first, entries := l.first, slices.Clone(l.entries)
	l.mu.Unlock()
	for i, e := range entries {
		if err := f(first+int64(i), e); err != nil {
			return err
		}
	}
	return nil
}

func (l *crewLog) Trim(_ context.Context, below int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := below - l.first; n > 0 {
		l.entries = slices.Delete(l.entries, 0, int(n))
		l.first = below
	}
	return nil
}

func (l *crewLog) Close(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed++
	return nil
}

// breakLogs makes what is appended to the logs fail, or go on.
func (c *crew) breakLogs(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.logs {
		l.mu.Lock()
		l.broken = err
		l.mu.Unlock()
	}
}

// mendLogsThatStay ends breakLogs for the partitions that whoever has them keeps.
func (c *crew) mendLogsThatStay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, l := range c.logs {
		if p := name[len(name)-1] - 'a'; c.owners[p] == c.holders[p] {
			l.mu.Lock()
			l.broken = nil
			l.mu.Unlock()
		}
	}
}

// holdLogs makes whoever appends to the logs wait until the channel is closed.
func (c *crew) holdLogs(until chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.logs {
		l.mu.Lock()
		l.held = until
		l.mu.Unlock()
	}
}

// appending returns how many wait for that.
func (c *crew) appending() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.logs {
		l.mu.Lock()
		n += l.waiting
		l.mu.Unlock()
	}
	return n
}

// standings returns who has the last commits of the logs, and whether all
// numbers are in them.
func (c *crew) standings(t testing.TB) (owners []string, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all = len(c.logs) == crewParts
	for _, l := range c.logs {
		l.mu.Lock()
		seen := &crewLog{first: l.first, entries: slices.Clone(l.entries)}
		l.mu.Unlock()
		j, err := handoff.Open(context.Background(), seen, handoff.Claim{Generation: c.generation + 1})
		if err == nil {
			err = j.Survey(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		at, _ := binary.Varint(j.Standing().Position)
		all = all && at >= c.end.Load()
		owners = append(owners, j.Standing().Owner)
	}
	return owners, all
}

// closes returns how often somebody was done with a log.
func (c *crew) closes() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.logs {
		l.mu.Lock()
		n += l.closed
		l.mu.Unlock()
	}
	return n
}
