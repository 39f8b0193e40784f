package state

import (
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/onstream/onstream/plugins"
)

// Commit collects what is to be stored together. Of a store, one at a time is
// filled and written; one that is not written leaves no trace. Its methods are
// safe for concurrent use, and nothing that they are given is kept. Calls that
// concern the same rows count in the order in which they are made.
type Commit struct {
	store *Store

	mu      sync.Mutex
	dirs    directory
	stages  map[string]bool // whose rows in the directory change
	rows    pebble.Batch    // of all but the writers
	writers []*stageWriter
	// prepared says that the commit is stored aside.
	prepared bool
}

// Begin returns an empty commit.
func (s *Store) Begin() *Commit {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &Commit{store: s, dirs: s.dirs.clone(), stages: map[string]bool{}}
}

// id returns the id of an address, a new one where it has none.
func (c *Commit) id(addr string) uint32 {
	st, ok := c.dirs.stages[addr]
	if !ok {
		st.id = c.dirs.next
		c.dirs.next++
		c.dirs.stages[addr] = st
		c.stages[addr] = true
	}
	return st.id
}

// Claim says that the stage keeps state of this shape from now on.
func (c *Commit) Claim(addr, shape string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.id(addr)
	if c.dirs.stages[addr].shape != shape {
		c.dirs.stages[addr] = stage{id, shape}
		c.stages[addr] = true
	}
}

// Position notes where to resume a partition of a source.
func (c *Commit) Position(addr string, p plugins.Partition, at plugins.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set(&c.rows, positionKey(c.id(addr), p), positionValue(p, at))
}

// Unposition forgets where to resume a partition of a source.
func (c *Commit) Unposition(addr string, p plugins.Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, ok := c.dirs.stages[addr]; ok {
		remove(&c.rows, positionKey(st.id, p))
	}
}

// Post puts a parcel for a sink into the outbox. Numbers are not negative, and
// a parcel replaces the one that has its number.
func (c *Commit) Post(addr string, seq int64, parcel []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set(&c.rows, outboxKey(c.id(addr), seq), parcel)
}

// Settle takes a parcel out of the outbox.
func (c *Commit) Settle(addr string, seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, ok := c.dirs.stages[addr]; ok {
		remove(&c.rows, outboxKey(st.id, seq))
	}
}

// Rename moves all that is stored at an address to another, and forgets what
// is there.
func (c *Commit) Rename(from, to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.dirs.stages[from]; !ok || from == to {
		return
	}
	c.forget(to)
	for _, addr := range c.parts(from) {
		c.rename(addr, to+strings.TrimPrefix(addr, from))
	}
	c.rename(from, to)
}

func (c *Commit) rename(from, to string) {
	c.dirs.stages[to] = c.dirs.stages[from]
	delete(c.dirs.stages, from)
	c.stages[from], c.stages[to] = true, true
}

// parts returns the addresses at which a stage has what it keeps of each
// partition: its own with @ and the partition behind it.
func (c *Commit) parts(addr string) []string {
	var parts []string
	for a := range c.dirs.stages {
		if strings.HasPrefix(a, addr+"@") {
			parts = append(parts, a)
		}
	}
	return parts
}

// Forget forgets all that is stored at an address: claim, positions, state and
// outbox.
func (c *Commit) Forget(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(addr)
}

func (c *Commit) forget(addr string) {
	for _, part := range c.parts(addr) {
		c.forget(part)
	}
	st, ok := c.dirs.stages[addr]
	if !ok {
		return
	}
	delete(c.dirs.stages, addr)
	c.stages[addr] = true
	from, to := stageRange(st.id)
	must(c.rows.DeleteRange(from, to, nil))
}

// Writer returns where a stage puts its state. It is used by one goroutine at
// a time; several of one stage, or of several, are used at once. Forget and
// Rename of the stage come before.
func (c *Commit) Writer(addr string) plugins.StateWriter {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &stageWriter{id: c.id(addr)}
	c.writers = append(c.writers, w)
	return w
}

// Empty reports whether there is nothing to be stored.
func (c *Commit) Empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.rows.Empty() || len(c.stages) > 0 {
		return false
	}
	for _, w := range c.writers {
		if len(w.rows) > 0 {
			return false
		}
	}
	return true
}

// Size returns about how many bytes are to be stored.
func (c *Commit) Size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size()
}

func (c *Commit) size() int {
	n := c.rows.Len()
	for _, w := range c.writers {
		for _, b := range w.rows {
			n += b.Len()
		}
	}
	return n
}

func set(b *pebble.Batch, key, value []byte) { must(b.Set(key, value, nil)) }
func remove(b *pebble.Batch, key []byte)     { must(b.Delete(key, nil)) }

// must is for what has an error among its results for other kinds of batches
// only: nothing is written yet.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
