package bustest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// Outlet takes what a source hands over, as the engine does: answers come for each
// partition in the order of delivery, and partitions that are assigned start where
// the outlet's own positions say, or else where the group stands. The zero
// value acknowledges at once. It is safe for concurrent use.
type Outlet struct {
	pool plugins.Pool

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change
	taken    []*taken
	records  []Record
	held     bool          // nothing is acknowledged for now
	blocked  chan struct{} // closed by Unblock; nil while Hand takes what comes
	only     map[int32]bool
	waiting  int // calls of Hand that are blocked
	probes   int // records that only ask whether somebody reads; they are not among records
	stored   map[plugins.Partition]plugins.Position
	owner    string
	assigned map[plugins.Partition]plugins.Assignment
	revoked  []plugins.Partition
	lost     []plugins.Partition
}

// taken is a delivery.
type taken struct {
	part     plugins.Partition
	records  []Record
	next     plugins.Position
	ack      func()
	nack     func(error)
	answered bool
	disowned bool
}

var _ plugins.Assignments = (*Outlet)(nil)

// Batch implements [plugins.Outlet].
func (o *Outlet) Batch() *plugins.Batch { return o.pool.Batch() }

// Done implements [plugins.Outlet].
func (o *Outlet) Done(plugins.Partition) {}

// Hand implements [plugins.Outlet].
func (o *Outlet) Hand(ctx context.Context, d plugins.Delivery) error {
	defer d.Batch.Release()
	if err := o.admit(ctx, d.Batch.Part); err != nil {
		return err
	}
	t := &taken{part: d.Batch.Part, records: recordsOf(d.Batch), next: d.Next, ack: d.Ack, nack: d.Nack}
	n := len(t.records)
	t.records = slices.DeleteFunc(t.records, func(r Record) bool { return r.Value == probe })
	o.mu.Lock()
	o.probes += n - len(t.records)
	o.taken = append(o.taken, t)
	o.records = append(o.records, t.records...)
	o.signal()
	now := !o.held
	o.mu.Unlock()
	if now {
		o.AckAll()
	}
	return nil
}

// admit waits while Hand is blocked for the partition.
func (o *Outlet) admit(ctx context.Context, p plugins.Partition) error {
	for {
		o.mu.Lock()
		blocked := o.blocked
		if o.only != nil && !o.only[p.ID] {
			blocked = nil
		}
		if ctx.Err() != nil || blocked == nil {
			o.mu.Unlock()
			return ctx.Err()
		}
		o.waiting++
		o.signal()
		o.mu.Unlock()
		select {
		case <-blocked:
		case <-ctx.Done():
		}
		o.mu.Lock()
		o.waiting--
		o.mu.Unlock()
	}
}

// signal tells those who wait that something changed; o.mu is held.
func (o *Outlet) signal() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// next returns a channel that is closed at the next change; o.mu is held.
func (o *Outlet) next() <-chan struct{} {
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.changed
}

// Hold makes deliveries wait for AckAll, AckSome or Nack.
func (o *Outlet) Hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = true
}

// Free ends Hold, and acknowledges what waits.
func (o *Outlet) Free() {
	o.mu.Lock()
	o.held = false
	o.mu.Unlock()
	o.AckAll()
}

// Block makes Hand wait: of the partitions of the given numbers, of all where none
// is given.
func (o *Outlet) Block(partitions ...int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.blocked == nil {
		o.blocked = make(chan struct{})
	}
	o.only = nil
	for _, id := range partitions {
		if o.only == nil {
			o.only = map[int32]bool{}
		}
		o.only[id] = true
	}
}

// Unblock ends Block.
func (o *Outlet) Unblock() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.blocked != nil {
		close(o.blocked)
		o.blocked, o.only = nil, nil
	}
}

// Records returns what was handed over, in that order.
func (o *Outlet) Records() []Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.records)
}

// AckAll acknowledges everything that waits.
func (o *Outlet) AckAll() { o.answer(func(t *taken) bool { return true }, nil) }

// AckThrough acknowledges, of each partition, the deliveries up to the first that
// has a record for which last holds, with that one. It returns the records that were
// acknowledged by it.
func (o *Outlet) AckThrough(last func(Record) bool) []Record {
	over := map[plugins.Partition]bool{}
	var acked []Record
	o.answer(func(t *taken) bool {
		if over[t.part] {
			return false
		}
		over[t.part] = slices.ContainsFunc(t.records, last)
		acked = append(acked, t.records...)
		return true
	}, nil)
	return acked
}

// AckButLast acknowledges, of each partition, everything that waits but the last
// delivery. It returns the records that were acknowledged by it.
func (o *Outlet) AckButLast() []Record {
	last := map[plugins.Partition]*taken{}
	o.mu.Lock()
	for _, t := range o.taken {
		last[t.part] = t
	}
	o.mu.Unlock()
	var acked []Record
	o.answer(func(t *taken) bool {
		if last[t.part] == nil || last[t.part] == t {
			return false
		}
		acked = append(acked, t.records...)
		return true
	}, nil)
	return acked
}

// Nack refuses, of each partition, the first delivery that waits, and then
// acknowledges the others, as the engine does. It returns the records that were refused. When a
// connection was lost they may have come again already: then that delivery is refused as well, because the
// source is not asked any more for the first.
func (o *Outlet) Nack(err error) []Record {
	var refused []Record
	over := map[plugins.Partition]bool{}
	values := map[string]bool{}
	o.answer(func(t *taken) bool {
		if over[t.part] {
			return slices.ContainsFunc(t.records, func(r Record) bool { return values[r.Value] })
		}
		over[t.part] = true
		refused = append(refused, t.records...)
		for _, r := range t.records {
			values[r.Value] = true
		}
		return true
	}, err)
	o.AckAll()
	return refused
}

// answer answers those deliveries, in order, for which this holds. It is done
// under the lock: answers do not block, and so keep the order.
func (o *Outlet) answer(which func(*taken) bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.taken {
		if t.answered || t.disowned || !which(t) {
			continue
		}
		t.answered = true
		if err != nil && t.nack != nil {
			t.nack(err)
		}
		if err == nil && t.ack != nil {
			t.ack()
		}
	}
	o.signal()
}

// Assigned implements [plugins.Assignments].
func (o *Outlet) Assigned(_ context.Context, as []plugins.Assignment) (map[plugins.Partition]plugins.Position, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := map[plugins.Partition]plugins.Position{}
	if o.assigned == nil {
		o.assigned = map[plugins.Partition]plugins.Assignment{}
	}
	for _, a := range as {
		o.assigned[a.Partition] = a
		at := o.stored[a.Partition]
		if a.Committed != nil && (at == nil || a.Owner != "" && a.Owner != o.owner) {
			at = a.Committed
		}
		if at != nil {
			start[a.Partition] = at
		}
	}
	o.signal()
	return start, nil
}

// errStillHeld is why a revoked partition cannot be committed.
var errStillHeld = errors.New("not everything of the partition was acknowledged")

// Revoking implements [plugins.Assignments].
func (o *Outlet) Revoking(ctx context.Context, ps []plugins.Partition) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for slices.ContainsFunc(o.taken, func(t *taken) bool { return !t.answered && !t.disowned && slices.Contains(ps, t.part) }) {
		changed := o.next()
		o.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		o.mu.Lock()
		if ctx.Err() != nil {
			return errors.Join(errStillHeld, ctx.Err())
		}
	}
	o.revoked = append(o.revoked, ps...)
	o.forget(ps)
	return nil
}

// Lost implements [plugins.Assignments].
func (o *Outlet) Lost(ps []plugins.Partition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost = append(o.lost, ps...)
	for _, t := range o.taken {
		if slices.Contains(ps, t.part) && !t.answered {
			t.disowned = true
		}
	}
	o.forget(ps)
}

// forget drops what is known of partitions; o.mu is held.
func (o *Outlet) forget(ps []plugins.Partition) {
	for _, p := range ps {
		delete(o.assigned, p)
		delete(o.stored, p)
	}
	o.signal()
}

// Assignments returns the partitions that are the source's now, with what it was
// told about them.
func (o *Outlet) Assignments() []plugins.Assignment {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []plugins.Assignment
	for _, a := range o.assigned {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b plugins.Assignment) int { return int(a.Partition.ID) - int(b.Partition.ID) })
	return all
}

// Positions returns, for each partition, where what was handed over ends.
func (o *Outlet) Positions() map[plugins.Partition]plugins.Position {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := map[plugins.Partition]plugins.Position{}
	for _, t := range o.taken {
		if t.next != nil {
			at[t.part] = t.next
		}
	}
	return at
}
