package plugintest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// keptBatches is how many of the batches it was given an outlet keeps, to see
// whether anybody changes them.
const keptBatches = 16

// Outlet takes what a source hands over, as the engine does, and overwrites
// or releases it at once: a batch is not the source's any more. Answers come for each
// partition in the order of delivery. The zero value with TB acknowledges at once.
// Set the fields before the source runs. It is safe for concurrent use.
type Outlet struct {
	TB testing.TB
	// Record is what a row is called in Records; its payload where nil.
	Record func(b *plugins.Batch, row uint32) string
	// Columns are those that batches are to have, and are overwritten.
	Columns []plugins.Path
	// Start is where partitions that are assigned to the source begin.
	Start map[plugins.Partition]plugins.Position

	pool plugins.Pool

	mu      sync.Mutex
	gate    chan struct{} // closed by Unblock; nil while Hand takes what comes
	held    bool
	refuse  error
	refused int
	waiting int // calls of Hand that are blocked
	drawn   int // batches
	handed  int // of these
	taken   []*taken
	done    []plugins.Partition
	kept    []keptBatch
}

// keptBatch is a batch that is not used any more, and what its Data was.
type keptBatch struct {
	*plugins.Batch
	data string
}

// taken is a delivery.
type taken struct {
	part     plugins.Partition
	records  []string
	failures []plugins.Failure
	next     plugins.Position // a copy
	given    plugins.Position // what the source gave
	ack      func()
	nack     func(error)
	answered bool
}

var _ plugins.Assignments = (*Outlet)(nil)

// Batch implements [plugins.Outlet].
func (o *Outlet) Batch() *plugins.Batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drawn++
	return o.pool.Batch()
}

// Hand implements [plugins.Outlet].
func (o *Outlet) Hand(ctx context.Context, d plugins.Delivery) error {
	if d.Batch == nil {
		o.TB.Error("the source handed over no batch")
		return errors.New("no batch")
	}
	err := o.admit(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handed++
	if slices.Contains(o.done, d.Batch.Part) {
		o.TB.Errorf("the source hands over records of %s, which it said was done", d.Batch.Part)
	}
	if err == nil && o.refuse != nil {
		o.refused++
		err, o.refuse = o.refuse, nil
	}
	if err != nil {
		o.keep(d.Batch)
		return err
	}
	o.taken = append(o.taken, o.take(d))
	o.keep(d.Batch)
	if !o.held {
		o.answer(func(*taken) bool { return true }, nil)
	}
	return nil
}

// admit waits while Hand is blocked.
func (o *Outlet) admit(ctx context.Context) error {
	o.mu.Lock()
	gate := o.gate
	if gate == nil {
		o.mu.Unlock()
		return ctx.Err()
	}
	o.waiting++
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		o.waiting--
		o.mu.Unlock()
	}()
	select {
	case <-gate:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take notes a delivery; o.mu is held.
func (o *Outlet) take(d plugins.Delivery) *taken {
	b := d.Batch
	x := &taken{part: b.Part, ack: d.Ack, nack: d.Nack, next: slices.Clone(d.Next), given: d.Next}
	if problem := Inspect(b); problem != "" {
		o.TB.Errorf("a batch of %s that was handed over is malformed: %s", b.Part, problem)
		return x
	}
	b.DropFailed()
	x.failures = slices.Clone(b.Failures)
	if len(b.Sel)+len(x.failures) == 0 {
		o.TB.Errorf("an empty batch of %s was handed over", b.Part)
	}
	for _, path := range o.Columns {
		if b.Column(path) == nil {
			o.TB.Errorf("a batch of %s has no column %q, which the kind's Output has", b.Part, path)
		}
	}
	for _, i := range b.Sel {
		x.records = append(x.records, strings.Clone(o.record(b, i)))
	}
	return x
}

func (o *Outlet) record(b *plugins.Batch, i uint32) string {
	if o.Record != nil {
		return o.Record(b, i)
	}
	return string(b.Value(i))
}

// keep overwrites a batch, and releases all but the first few; o.mu is held.
func (o *Outlet) keep(b *plugins.Batch) {
	scribble(b, o.Columns)
	if len(o.kept) < keptBatches {
		o.kept = append(o.kept, keptBatch{b, string(b.Data)})
		return
	}
	recycle(&o.pool, b)
}

// Done implements [plugins.Outlet].
func (o *Outlet) Done(p plugins.Partition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.done, p) {
		o.TB.Errorf("the source said twice that %s is done", p)
	}
	o.done = append(o.done, p)
}

// Block makes Hand wait until Unblock is called.
func (o *Outlet) Block() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gate = make(chan struct{})
}

// Unblock ends Block.
func (o *Outlet) Unblock() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.gate)
	o.gate = nil
}

// Refuse makes the next Hand return an error, as when the pipeline stops.
func (o *Outlet) Refuse(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = err
}

// Hold makes deliveries wait for their answers.
func (o *Outlet) Hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = true
}

// Free ends Hold, and acknowledges what waits.
func (o *Outlet) Free() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = false
	o.answer(func(*taken) bool { return true }, nil)
}

// Answer acknowledges the first n deliveries that wait, or refuses them where
// err is not nil. It returns their records.
func (o *Outlet) Answer(n int, err error) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var records []string
	o.answer(func(x *taken) bool {
		n--
		if n < 0 {
			return false
		}
		records = append(records, x.records...)
		return true
	}, err)
	return records
}

// answer answers those deliveries, in order, for which this holds. It is done
// under the lock: answers do not block, and so keep the order.
func (o *Outlet) answer(which func(*taken) bool, err error) {
	for _, x := range o.taken {
		if x.answered || !which(x) {
			continue
		}
		x.answered = true
		switch {
		case err != nil && x.nack != nil:
			x.nack(err)
		case err == nil && x.ack != nil:
			x.ack()
		}
	}
}

// Records returns what was handed over, in that order.
func (o *Outlet) Records() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []string
	for _, x := range o.taken {
		all = append(all, x.records...)
	}
	return all
}

// Failures returns the rows that failed in what was handed over.
func (o *Outlet) Failures() []plugins.Failure {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []plugins.Failure
	for _, x := range o.taken {
		all = append(all, x.failures...)
	}
	return all
}

// Assigned implements [plugins.Assignments].
func (o *Outlet) Assigned(_ context.Context, as []plugins.Assignment) (map[plugins.Partition]plugins.Position, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := map[plugins.Partition]plugins.Position{}
	for _, a := range as {
		if at := o.Start[a.Partition]; at != nil {
			start[a.Partition] = at
		} else if a.Committed != nil {
			start[a.Partition] = a.Committed
		}
	}
	return start, nil
}

// Revoking implements [plugins.Assignments]: a source that stops gives up its
// partitions, of which something may not be answered for.
func (o *Outlet) Revoking(_ context.Context, ps []plugins.Partition) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range o.taken {
		if !x.answered && slices.Contains(ps, x.part) {
			return errors.New("not everything of the partition was acknowledged")
		}
	}
	return nil
}

// Lost implements [plugins.Assignments].
func (o *Outlet) Lost([]plugins.Partition) {}

// verify sees whether the source has kept its hands off what it gave away.
func (o *Outlet) verify() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.kept {
		b := k.Batch
		if string(b.Data) != k.data || slices.ContainsFunc(b.Values, func(s plugins.Span) bool { return s != plugins.Span{} }) ||
			slices.ContainsFunc(b.Offsets, func(n int64) bool { return n != -7 }) || slices.ContainsFunc(b.Sel, func(i uint32) bool { return i != 0 }) {
			o.TB.Errorf("a batch of %s was changed after it was handed over", b.Part)
		}
	}
	for _, x := range o.taken {
		if !slices.Equal(x.next, x.given) {
			o.TB.Errorf("the position %q of %s was changed to %q after it was handed over", x.next, x.part, x.given)
		}
	}
}
