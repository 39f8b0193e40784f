package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// sourceActor runs one source and the workers behind it. It is the source's
// [plugins.Outlet].
type sourceActor struct {
	engine   *Engine
	stage    *graph.Stage
	source   plugins.Source
	counters *counters
	topic    string // see [plugins.Batch.OneTopic]
	ctx      context.Context
	stop     context.CancelFunc // ends the source; what it handed over goes on
	newest   *topology          // under Engine.gate

	work    chan *job
	handing sync.WaitGroup
	workers sync.WaitGroup
	ended   chan struct{} // Run has returned and the workers have finished

	inline sync.Mutex // of the chain that the source's own goroutine runs
	own    *chain
	pace   pace

	mu       sync.Mutex
	tasks    map[plugins.Partition]*task
	closed   error
	before   *sourceActor                           // that a reload replaced, until all it handed over is finished
	over     map[plugins.Partition]bool             // said to be done, but not all acknowledged
	resume   map[plugins.Partition]plugins.Position // of what has no task
	acks     []ack                                  // of what had a task; see task
	broken   map[plugins.Partition]bool             // something was not finished; see task
	gone     map[plugins.Partition]bool             // of which nothing is to be stored any more
	assigned map[plugins.Partition]*custody         // that the source was told are its
}

var errStopping = errors.New("the pipeline is stopping")

// newSource makes a source; from are the positions to resume at.
func (e *Engine) newSource(s *graph.Stage, from map[plugins.Partition]plugins.Position) (*sourceActor, error) {
	kind, ok := s.SourceKind(e.config.Registry)
	if !ok {
		return nil, fmt.Errorf("%s: no source kind %q is registered", s.Addr(), s.Kind)
	}
	env := e.env(s)
	var err error
	if env.Connection, err = e.via.of(s); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	src, err := kind.New(s.Config, env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	if src, err = e.secured(s, kind, src); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	if seeker, ok := src.(plugins.Seeker); ok && len(from) > 0 {
		if err := seeker.Seek(from); err != nil {
			return nil, fmt.Errorf("%s: resume: %w", s.Addr(), err)
		}
	}
	resume := map[plugins.Partition]plugins.Position{}
	maps.Copy(resume, from)
	topic := ""
	if kind.OneTopic != nil {
		topic = kind.OneTopic(s.Config)
	}
	ctx, stop := context.WithCancel(e.work)
	return &sourceActor{
		ctx: ctx, stop: stop, topic: topic,
		engine: e, stage: s, source: src, counters: e.counter(s.Addr()),
		work: make(chan *job, e.config.Workers), ended: make(chan struct{}),
		tasks: map[plugins.Partition]*task{}, over: map[plugins.Partition]bool{}, resume: resume, broken: map[plugins.Partition]bool{}, gone: map[plugins.Partition]bool{}, assigned: map[plugins.Partition]*custody{},
	}, nil
}

// run starts the workers and the source, and calls ended when the source has
// ended and its workers have finished.
func (a *sourceActor) run(ended func(error)) {
	// The goroutine that hands over runs a chain itself when all workers are
	// busy, so one of them is spared.
	for i := 1; i < a.engine.config.Workers; i++ {
		a.workers.Go(func() { a.worker(i) })
	}
	go func() {
		err := a.source.Run(a.ctx, a)
		stopped := a.ctx.Err() != nil
		a.stop()
		a.close(errStopping)
		a.handing.Wait()
		close(a.work)
		a.workers.Wait()
		close(a.ended)
		if stopped && (errors.Is(err, context.Canceled) || errors.Is(err, errStopping)) {
			err = nil
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", a.stage.Addr(), err)
		}
		ended(err)
	}()
}

// Batch implements [plugins.Outlet].
func (a *sourceActor) Batch() *plugins.Batch { return a.engine.pool.Batch() }

// Hand implements [plugins.Outlet].
func (a *sourceActor) Hand(ctx context.Context, d plugins.Delivery) error {
	a.pace.handing()
	defer a.pace.handed()
	b := d.Batch
	b.DropFailed()
	b.OneTopic = a.topic
	if b.Received == 0 {
		b.Received = time.Now().UnixNano()
	}
	rows := len(b.Sel) + len(b.Failures)
	t, err := a.begin(b.Part)
	if err != nil {
		b.Release()
		return err
	}
	defer a.handing.Done()
	inner := &delivery{task: t, next: d.Next, ack: d.Ack, nack: d.Nack, records: int64(rows), bytes: b.Size()}
	inner.refs.Store(1)
	if err := t.admit(ctx, inner); err != nil {
		b.Release()
		return err
	}
	a.engine.valve.enter(nil)
	j := a.engine.jobs.get()
	j.delivery, j.batch, j.task = inner, b, t
	if err := t.enter(inner, j); err != nil {
		a.engine.valve.done()
		b.Release()
		return err
	}
	a.engine.inFlight.Add(1)
	j.version = a.engine.acquire(&a.newest)
	a.counters.in.Add(int64(rows))
	a.dispatch(ctx, j)
	return nil
}

// dispatch runs a job, or gives it to a worker where that pays: the bytes of
// the batch then go from one processor's cache to another's, which is worth it
// only when running jobs, not reading, is what takes the time.
//
// Who hands over with a deadline is not to be held up by a sink, so somebody
// else runs its jobs.
func (a *sourceActor) dispatch(ctx context.Context, j *job) {
	_, deadline := ctx.Deadline()
	if !deadline && !a.pace.runIsSlower() && a.inline.TryLock() {
		a.runInline(j)
		return
	}
	if a.engine.config.Workers > 1 {
		select {
		case a.work <- j:
			return
		default: // all are busy
		}
	}
	if deadline {
		a.handing.Go(func() { // no more of these than deliveries in flight
			a.inline.Lock()
			a.runInline(j)
		})
		return
	}
	a.inline.Lock()
	a.runInline(j)
}

// runInline runs a job in the goroutine that handed it over, which holds
// a.inline.
func (a *sourceActor) runInline(j *job) {
	defer a.inline.Unlock()
	a.own = a.runJob(j, 0, a.own)
}

func (a *sourceActor) worker(slot int) {
	var c *chain
	for j := range a.work {
		c = a.runJob(j, slot, c)
	}
}

// runJob runs a job through the slot's chain of the job's version, and returns
// that chain, the newest that the slot has run.
func (a *sourceActor) runJob(j *job, slot int, last *chain) *chain {
	began := time.Now()
	c := j.version.chains[a.stage.Addr()][slot]
	if c != last {
		c.adopt(last)
	}
	b := j.batch
	if len(b.Failures) > 0 {
		c.run(failedEntry, j, b)
	}
	if j.failed != nil {
		a.counters.held.Add(int64(len(b.Sel))) // they stay where they are
	} else if len(b.Sel) > 0 {
		a.counters.out.Add(int64(len(b.Sel)))
		c.run(recordEntry, j, b)
	}
	a.pace.ran(time.Since(began))
	j.task.pass(j)
	return c
}

// Done implements [plugins.Outlet]. The task is forgotten once all of it is
// acknowledged; a partition that comes back gets a new one.
func (a *sourceActor) Done(p plugins.Partition) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over[p] = true
	for p := range a.over {
		if t := a.tasks[p]; t == nil || t.idle() {
			a.keepPosition(p, t)
			delete(a.tasks, p)
			delete(a.over, p)
		}
	}
}

// keepPosition remembers where a partition could be resumed.
func (a *sourceActor) keepPosition(p plugins.Partition, t *task) {
	if t == nil {
		return
	}
	at, broken := t.position(true)
	if at != nil {
		a.resume[p] = at
	}
	if broken {
		a.broken[p] = true
	}
	a.acks = append(a.acks, t.takeAcks()...)
}

// begin returns the task of a partition for a Hand that ends with
// handing.Done.
func (a *sourceActor) begin(p plugins.Partition) (*task, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed != nil {
		return nil, a.closed
	}
	a.handing.Add(1)
	delete(a.over, p)
	t := a.tasks[p]
	if t == nil {
		t = a.engine.newTask(a.stage.Addr(), p)
		t.broken = a.broken[p]
		a.tasks[p] = t
	}
	return t, nil
}

// close makes Hand fail.
func (a *sourceActor) close(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed == nil {
		a.closed = err
	}
	for _, t := range a.tasks {
		t.close(err)
	}
}

// positions returns where each partition is to be resumed: after what has been
// let in, or after what is finished.
func (a *sourceActor) positions(entered bool) map[plugins.Partition]plugins.Position {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := maps.Clone(a.resume)
	for p, t := range a.tasks {
		if pos, _ := t.position(entered); pos != nil {
			at[p] = pos
		}
	}
	return at
}

// stand returns the positions that a checkpoint is to have, and how to tell the
// source that it has them. What a source brings that took over from another
// counts only when what that one brought is finished.
func (a *sourceActor) stand(entered bool) (at map[plugins.Partition]plugins.Position, acks []ack) {
	a.mu.Lock()
	before := a.before
	a.mu.Unlock()
	if before != nil {
		idle := before.idle()
		at, acks = before.stand(entered)
		if !idle && !entered {
			return at, acks
		}
		if idle {
			a.mu.Lock()
			a.before = nil
			a.mu.Unlock()
		}
	}
	own := a.positions(entered)
	if at != nil {
		maps.Copy(at, own)
		own = at
	}
	return own, append(acks, a.owed()...)
}

// owed returns, once, how to tell the source of what is finished.
func (a *sourceActor) owed() []ack {
	a.mu.Lock()
	defer a.mu.Unlock()
	acks := a.acks
	a.acks = nil
	for _, t := range a.tasks {
		acks = append(acks, t.takeAcks()...)
	}
	return acks
}

// isBroken reports whether something that the source brought, or the one that
// it took over from, was not finished and will not be.
func (a *sourceActor) isBroken() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	broken := len(a.broken) > 0
	for _, t := range a.tasks {
		_, bad := t.position(false)
		broken = broken || bad
	}
	return broken || a.before != nil && a.before.isBroken()
}

// idle reports whether a source that is closed has nothing in flight.
func (a *sourceActor) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.tasks {
		if !t.idle() {
			return false
		}
	}
	return a.before == nil
}

// hold makes Hand wait, or lets it go on.
func (a *sourceActor) hold(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.tasks {
		t.hold(yes)
	}
}
