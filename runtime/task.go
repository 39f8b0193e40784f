package runtime

import (
	"context"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// task is one partition of a source: it bounds what is in flight, keeps the
// order of what leaves the workers, and acknowledges contiguously.
type task struct {
	source string // address; "" for what no source brought
	part   plugins.Partition

	maxRecords, maxBytes int64
	settled              func() // called for each delivery, when it was answered
	// late says that the source is told of what is finished only when a
	// checkpoint has it.
	late bool

	mu             sync.Mutex
	space          sync.Cond // of mu: something finished
	records, bytes int64     // in flight, or about to be
	admitted       int       // deliveries that these are of
	inFlight       []*delivery
	jobs           []*job           // in order, not yet passed on
	passing        bool             // a goroutine is passing jobs on
	entered        plugins.Position // after what has been let in
	committed      plugins.Position // after what is finished
	acks           []ack            // of what is finished and in no checkpoint yet
	broken         bool             // a delivery was not finished: the prefix ends there
	held           bool             // nothing is admitted for now
	closed         error
}

// ack tells a source that something of a partition is finished.
type ack struct {
	from origin
	tell func()
}

// newTask makes the task of a partition of a source.
func (e *Engine) newTask(source string, part plugins.Partition) *task {
	t := &task{
		source: source, part: part, maxRecords: e.config.MaxInFlightRecords, maxBytes: e.config.MaxInFlightBytes,
		settled: e.settled, late: e.state.durable, held: e.state.stalled.Load(),
	}
	t.space.L = &t.mu
	return t
}

// unprompted starts a delivery that nobody has handed over, in a task of its
// own: it waits for no other. Source is the one of whose partitions it tells, "" for none.
func (e *Engine) unprompted(source string) *delivery {
	e.inFlight.Add(1)
	d := &delivery{task: e.newTask(source, plugins.Partition{})}
	d.refs.Store(1)
	d.task.admitted = 1
	d.task.inFlight = []*delivery{d}
	return d
}

// hold makes admit wait, or lets it go on.
func (t *task) hold(yes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = yes
	t.space.Broadcast()
}

// admit waits until the delivery fits into what may be in flight. One larger
// than the bounds is admitted when nothing else is in flight.
func (t *task) admit(ctx context.Context, d *delivery) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.full(d) {
		defer wakeWith(ctx, &t.space)()
	}
	for t.full(d) && t.closed == nil && ctx.Err() == nil {
		t.space.Wait()
	}
	if t.closed != nil {
		return t.closed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t.records += d.records
	t.bytes += d.bytes
	t.admitted++
	return nil
}

// enter gives a delivery that was admitted, and let through the valve, its
// place in the order: from now on it is finished, not given back. It fails
// when the task was closed meanwhile.
func (t *task) enter(d *delivery, j *job) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		t.leave(d)
		return t.closed
	}
	t.inFlight = append(t.inFlight, d)
	t.jobs = append(t.jobs, j)
	if d.next != nil {
		t.entered = d.next
	}
	return nil
}

// leave gives back what a delivery takes of the bounds; t.mu is held.
func (t *task) leave(d *delivery) {
	t.records -= d.records
	t.bytes -= d.bytes
	t.admitted--
	t.space.Broadcast()
}

func (t *task) full(d *delivery) bool {
	return t.held || t.admitted > 0 && (t.records+d.records > t.maxRecords || t.bytes+d.bytes > t.maxBytes)
}

// close makes admit and enter return err.
func (t *task) close(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = err
	t.space.Broadcast()
}

// pass is called when a worker has run a job. It passes on what the first
// jobs in the order produced, as far as they have run; if another goroutine is
// at it, that one goes on.
func (t *task) pass(j *job) {
	t.mu.Lock()
	j.ran = true
	if t.passing {
		t.mu.Unlock()
		return
	}
	t.passing = true
	for len(t.jobs) > 0 && t.jobs[0].ran {
		first := t.jobs[0]
		t.jobs[0] = nil
		t.jobs = t.jobs[1:]
		t.mu.Unlock()
		first.passOn()
		t.mu.Lock()
	}
	t.passing = false
	t.mu.Unlock()
}

// finish is called when everything a delivery became is finished.
func (t *task) finish(d *delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d.done = true
	for len(t.inFlight) > 0 && t.inFlight[0].done {
		first := t.inFlight[0]
		t.inFlight[0] = nil
		t.inFlight = t.inFlight[1:]
		t.leave(first)
		t.settle(first)
	}
}

// settle answers the source; t.mu is held, so answers keep the order.
func (t *task) settle(d *delivery) {
	defer t.settled()
	if d.err != nil {
		t.broken = true
		if d.nack != nil {
			d.nack(d.err)
		}
		return
	}
	if d.next != nil && !t.broken {
		t.committed = d.next
	}
	switch {
	case d.ack == nil:
	case t.late && !mutant("ack_before_commit"):
		t.acks = append(t.acks, ack{origin{t.source, t.part}, d.ack})
	default:
		d.ack()
	}
}

// takeAcks returns, once, how to tell the source of what is finished.
func (t *task) takeAcks() []ack {
	t.mu.Lock()
	defer t.mu.Unlock()
	acks := t.acks
	t.acks = nil
	return acks
}

// idle reports whether nothing is in flight.
func (t *task) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.admitted == 0
}

// position returns where to resume the partition: after what has been let in,
// as that will be finished, or after what is finished. Broken says that
// something was not finished and will not be.
func (t *task) position(entered bool) (at plugins.Position, broken bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if entered && !t.broken {
		return t.entered, false
	}
	return t.committed, t.broken
}

// drain waits until nothing is in flight.
func (t *task) drain(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer wakeWith(ctx, &t.space)()
	for t.admitted > 0 && ctx.Err() == nil {
		t.space.Wait()
	}
	return ctx.Err()
}

// disown keeps the source from being told of anything that is in flight, or
// that no checkpoint has, and closes the task.
func (t *task) disown(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.inFlight {
		d.ack, d.nack = nil, nil
	}
	t.acks = nil
	t.closed = why
	t.space.Broadcast()
}

// reopen ends close: what comes now comes behind what is still in flight.
func (t *task) reopen() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = nil
}

// load returns the number of records in flight.
func (t *task) load() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.records
}
