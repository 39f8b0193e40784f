package memory

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
)

// partition is a log: batches that were written, the oldest first, and where the groups
// stand in it.
type partition struct {
	id     plugins.Partition
	limits limits

	mu         sync.Mutex
	entries    []entry
	begin, end int64 // offsets of the first record, and of the next
	bytes      int64
	cursors    map[string]*cursor // by group
	grown      chan struct{}      // closed when something was written; nil while nobody waits
	freed      chan struct{}      // closed when a group has gone on; nil while nobody waits
}

// entry is a batch in the log.
type entry struct {
	batch      *plugins.Batch // compact: all rows are alive
	offset     int64          // of its first record
	bytes      int64
	terminator string // that follows each of its values
}

func newPartition(id plugins.Partition, l limits) *partition {
	return &partition{id: id, limits: l, cursors: map[string]*cursor{}}
}

// bounds returns the offset of the oldest record, and of the next one.
func (p *partition) bounds() (begin, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begin, p.end
}

// entryCost is what an entry, and rowCost what a record takes besides its bytes.
const (
	entryCost = 512
	rowCost   = 48
)

// append adds a batch, which is the log's from then on. It waits for room, and
// says whom it waits for.
func (p *partition) append(ctx context.Context, d *plugins.Batch, terminator string, now func() time.Time, say complaints) error {
	bytes := sizeOf(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	for told := false; !p.makeRoom(bytes, now(), say); {
		if !told {
			say.full(p)
			defer say.roomy(p)
			told = true
		}
		if p.freed == nil {
			p.freed = make(chan struct{})
		}
		freed := p.freed
		p.mu.Unlock()
		timer := time.NewTimer(time.Second) // a group without members may have become too old
		select {
		case <-freed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		p.mu.Lock()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	p.stamp(d, now().UnixNano())
	p.entries = append(p.entries, entry{d, p.end, bytes, terminator})
	p.end += int64(d.Len)
	p.bytes += bytes
	if p.grown != nil {
		close(p.grown)
		p.grown = nil
	}
	return nil
}

// stamp gives a batch what the bus knows of it; p.mu is held.
func (p *partition) stamp(d *plugins.Batch, now int64) {
	d.Part, d.Preamble, d.Received, d.Topics, d.OneTopic = p.id, nil, 0, nil, ""
	if d.Times == nil {
		d.Times = d.SpareTimes()
	}
	if d.Offsets == nil {
		d.Offsets = d.SpareOffsets()
	}
	d.Times, d.Offsets = slices.Grow(d.Times[:0], d.Len), slices.Grow(d.Offsets[:0], d.Len)
	for i := range d.Len {
		d.Times = append(d.Times, now)
		d.Offsets = append(d.Offsets, p.end+int64(i))
	}
}

// sizeOf returns the memory that a batch is taken to keep alive.
func sizeOf(d *plugins.Batch) int64 {
	n := entryCost + rowCost*int64(d.Len)
	for i := range d.Values {
		n += int64(d.Values[i].Len)
	}
	for i := range d.Keys {
		n += int64(d.Keys[i].Len)
	}
	for _, h := range d.Headers {
		n += int64(h.Name.Len) + int64(h.Value.Len)
	}
	return n
}

// makeRoom drops what all groups have read until a batch fits. It reports false
// when it does not fit. A batch larger than the partition fits when nothing else is in
// it; p.mu is held.
func (p *partition) makeRoom(bytes int64, now time.Time, say complaints) bool {
	drop := 0
	for p.bytes+bytes > p.limits.maxBytes && drop < len(p.entries) {
		e := p.entries[drop]
		end := e.offset + int64(e.batch.Len)
		if !p.passed(end) && (!p.expire(now, say) || !p.passed(end)) {
			break
		}
		p.bytes -= e.bytes
		p.begin = end
		e.batch.Release()
		drop++
	}
	p.entries = slices.Delete(p.entries, 0, drop)
	return p.bytes+bytes <= p.limits.maxBytes || len(p.entries) == 0
}

// passed reports whether there are groups, and all of them have read what is before
// an offset; p.mu is held.
func (p *partition) passed(end int64) bool {
	for _, c := range p.cursors {
		if c.at < end {
			return false
		}
	}
	return len(p.cursors) > 0
}

// find returns the index of the entry that has an offset; p.mu is held.
func (p *partition) find(at int64) int {
	return sort.Search(len(p.entries), func(i int) bool {
		return p.entries[i].offset+int64(p.entries[i].batch.Len) > at
	})
}

// since returns the offset of the first record written at a time or later.
func (p *partition) since(t time.Time) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := sort.Search(len(p.entries), func(i int) bool { return p.entries[i].batch.Times[0] >= t.UnixNano() })
	if i == len(p.entries) {
		return p.end
	}
	return p.entries[i].offset
}

// missing is the error of a position that the partition does not have (any more).
func (p *partition) missing(at int64) error {
	return plugins.Permanent(fmt.Errorf("partition %d of topic %s has the records from %d to %d, and this stage stands at %d: what lies between was dropped. Forget its position with onstream state reset, or give it another group, and it begins where start says",
		p.id.ID, p.id.Name, p.begin, p.end, at))
}
