package runtime

import (
	"context"
	"errors"
	"log/slog"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Config is what an engine needs. Zero values mean the defaults given.
type Config struct {
	Registry *plugins.Registry // required
	Logger   *slog.Logger      // discards
	Now      func() time.Time  // the pipeline's clock; time.Now
	// Sleep waits on the pipeline's clock; real time. See [plugins.Env].
	Sleep func(ctx context.Context, d time.Duration) error
	// Workers is how many goroutines work for each source, and how many lanes
	// a keyed stage has; the number of processors Go may use.
	Workers int
	// MaxInFlightRecords and MaxInFlightBytes bound what each partition of a
	// source has in flight, and each queue; 65,536 and 4 MiB. A single batch
	// may be larger.
	MaxInFlightRecords int64
	MaxInFlightBytes   int64
	// DrainTimeout is how long sinks may take to finish after Drain; 30 s.
	DrainTimeout time.Duration
	// StateDir is the folder in which pipelines keep their state, each in one
	// of its own; "" keeps it in memory, for as long as the engine runs.
	StateDir string
}

// Engine runs one pipeline, once. Its methods are safe for concurrent use.
type Engine struct {
	config Config
	pool   plugins.Pool
	jobs   jobPool
	posted atomic.Int64 // parcels that were numbered for outboxes
	valve  *valve
	state  *checkpoints
	via    *connections

	work  context.Context // ends when everything is to stop at once
	abort context.CancelCauseFunc

	gate sync.RWMutex // of top, for those who start work with it
	top  *topology

	inFlight   atomic.Int64 // deliveries that have not been answered
	waiting    atomic.Bool  // for these alone
	reloading  sync.Mutex
	background sync.WaitGroup // what a reload leaves to finish

	mu         sync.Mutex
	started    bool
	drained    bool // Drain was called
	phase      phase
	ready      bool
	active     int // sources that have not ended
	ended      chan struct{}
	sources    map[string]*sourceActor
	counters   map[string]*counters
	complaints map[string]*complaint
	err        error // the first that stopped the pipeline

	finished map[string]bool // stages that know that the input has ended
}

// phase is how far the engine is.
type phase int

const (
	idle phase = iota
	running
	draining
	stopped
)

// New returns an engine.
func New(c Config) *Engine {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Workers <= 0 {
		c.Workers = goruntime.GOMAXPROCS(0)
	}
	if c.MaxInFlightRecords <= 0 {
		c.MaxInFlightRecords = 65536
	}
	if c.MaxInFlightBytes <= 0 {
		c.MaxInFlightBytes = 4 << 20
	}
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = 30 * time.Second
	}
	e := &Engine{
		config: c, ended: make(chan struct{}, 1), sources: map[string]*sourceActor{},
		counters: map[string]*counters{}, complaints: map[string]*complaint{},
		valve: newValve(), finished: map[string]bool{},
	}
	e.work, e.abort = context.WithCancelCause(context.Background())
	e.state = newCheckpoints(e)
	e.via = &connections{engine: e}
	return e
}

var (
	errStarted = errors.New("an engine runs once")
	errDrained = errors.New("the sinks did not finish in time")
	errOver    = errors.New("the pipeline has ended")
	errKept    = errors.New("what sinks have not taken is in the checkpoint")
)

// Run runs a pipeline until its sources have ended and everything in flight is
// finished; then it returns nil. When ctx ends it stops at once: what is in
// flight is not acknowledged. An error is the first reason for which the
// pipeline could not go on.
func (e *Engine) Run(ctx context.Context, g *graph.Graph) error {
	e.mu.Lock()
	if e.started {
		e.mu.Unlock()
		return errStarted
	}
	e.started = true
	if e.phase == idle {
		e.phase = running
	}
	e.mu.Unlock()
	defer e.abort(errOver)
	if err := e.state.open(g); err != nil {
		return err
	}
	e.state.follow(g)
	err := e.runWithState(ctx, g)
	if closing := e.state.close(); err == nil {
		err = closing
	}
	return err
}

// runWithState is Run once the state is open.
func (e *Engine) runWithState(ctx context.Context, g *graph.Graph) error {
	e.via.hold(g)
	defer e.via.close()
	if _, err := e.state.admit(g, nil); err != nil {
		return err
	}
	if err := e.resolve(ctx, g); err != nil {
		return err
	}
	top, err := e.newTopology(g, nil)
	if err != nil {
		return err
	}
	defer func() { top.closeShared(nil) }()
	if err := top.open(ctx, nil); err != nil {
		return err
	}
	if err := e.restore(top); err != nil {
		return err
	}
	sources, err := e.newSources(g)
	if err != nil {
		return err
	}
	sinks, err := e.openSinks(ctx, g.Stages)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { e.fail(context.Cause(ctx)) })
	defer stop()
	e.publish(top, sources...)
	for addr, s := range sinks {
		top.sinks[addr].start(s)
	}
	for _, l := range top.lanes {
		l.start(top)
	}
	for _, a := range sources {
		e.startSource(a)
	}
	e.mu.Lock()
	e.ready = true
	e.mu.Unlock()
	endCheckpoints := e.state.start()

	e.awaitSources()
	e.background.Wait()
	e.finish()
	endCheckpoints()
	top = e.top // after reloads it is another one
	e.mu.Lock()
	defer e.mu.Unlock()
	e.phase = stopped
	if errors.Is(e.err, errKept) {
		return nil
	}
	return e.err
}

// restore gives a new topology what was stored.
func (e *Engine) restore(top *topology) error {
	for _, l := range top.lanes {
		if err := l.restore(top); err != nil {
			return err
		}
	}
	faultpoint("before_outbox")
	for _, a := range top.sinks {
		if err := e.state.resume(a); err != nil {
			return err
		}
	}
	return nil
}

// publish makes t what the engine runs from now on.
func (e *Engine) publish(t *topology, sources ...*sourceActor) {
	e.gate.Lock()
	defer e.gate.Unlock()
	e.top = t
	for _, l := range t.lanes {
		l.group.newest = t
	}
	for _, a := range sources {
		a.newest = t
	}
	for addr, a := range t.sinks {
		s := t.graph.Stage(addr)
		a.wait(e.mustWait(t.graph, s))
		a.manage(e.transactional(t.graph) == s)
	}
}

// acquire returns the topology in *newest, for one piece of work which calls
// running.done of it when it is over. Sources and lanes have a newest of their
// own, because those that a reload removed end with the one they had.
func (e *Engine) acquire(newest **topology) *topology {
	e.gate.RLock()
	defer e.gate.RUnlock()
	(*newest).running.add()
	return *newest
}

// current returns the topology that runs now.
func (e *Engine) current() *topology {
	e.gate.RLock()
	defer e.gate.RUnlock()
	return e.top
}

func (e *Engine) counter(addr string) *counters {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.counters[addr]
	if c == nil {
		c = new(counters)
		e.counters[addr] = c
	}
	return c
}

func (e *Engine) complaint(addr string) *complaint {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.complaints[addr]
	if c == nil {
		c = &complaint{logger: e.config.Logger}
		e.complaints[addr] = c
	}
	return c
}

// env returns what a plugin of the stage gets.
func (e *Engine) env(s *graph.Stage) plugins.Env {
	env := plugins.Env{
		Pipeline: e.state.name, Owner: e.state.owner, Stage: s.Addr(), Now: e.config.Now, Sleep: e.config.Sleep, Pool: &e.pool,
		Logger: e.config.Logger.With("stage", s.Addr()), Metrics: &e.counter(s.Addr()).measured, Input: s.In,
	}
	if codec, ok := e.config.Registry.Codec(s.Format); ok {
		// The options were accepted when the graph was built.
		env.Framing, _ = codec.Framing(s.Options)
	}
	return env
}
