package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/state"
)

// checkpoints stores, from time to time, what the pipeline has done: where its
// sources stand, what its stages keep, and what waits for its sinks, all as of
// one moment. See docs/RATIONALE.md, "Checkpoints stand still for a moment".
type checkpoints struct {
	engine   *Engine
	store    *state.Store // nil where nothing is kept
	durable  bool         // the store outlives the process
	name     string       // of the pipeline; set before anything runs
	owner    string       // names the store; "" where it does not outlive the process
	interval atomic.Int64 // ns
	wanted   chan struct{}
	changed  atomic.Bool // an outbox has
	stalled  atomic.Bool // the store fails: sources wait
	last     atomic.Pointer[CheckpointStats]

	lefts   sync.Mutex
	leaving map[string]*sourceActor // that a reload removed, until what they brought is finished; under lefts

	// turn is held while a checkpoint is taken, and by a reload. The rest is
	// under it.
	turn      turn
	sync      bool // each checkpoint is on disk before it counts
	claimed   map[string]string
	stands    map[string]map[plugins.Partition]plugins.Position // stored
	seen      int64                                             // entries of the valve at the last checkpoint
	settled   bool                                              // the last one had nothing to store, nor what it left in memory to give up
	unsaved   []ack                                             // acks that wait for a sync
	synced    time.Time
	retired   []*sinkActor               // that a reload removed and that may not have ended
	failed    *snapshot                  // that could not be stored yet
	custodies []*custody                 // partitions that are this process's, whose state is left to the next owner
	had       map[string]map[string]bool // sources, and their partitions, that had a log in this run
	patience  time.Duration              // how long to wait for the pipeline to stand still
}

// CheckpointStats tells about checkpoints.
type CheckpointStats struct {
	Number int64         // of the last one that was stored; 0 for none
	At     time.Time     // when it was taken, or would have been if anything had changed
	Paused time.Duration // how long records waited for it
	Took   time.Duration // until it was stored
	Bytes  int           // of what had changed
	Error  string        // why none can be stored at present; "" when they can
}

const (
	// quietTime is how long a checkpoint waits for the pipeline to stand still
	// before it is put off; each time it is, twice as long.
	quietTime     = 10 * time.Second
	mostQuietTime = 2 * time.Minute
	// syncTime is how far apart syncs are where not each checkpoint waits for
	// the disk.
	syncTime = 10 * time.Second
)

var errBusy = errors.New("a stage was busy with the same records for too long, such as with a look-up or a throttle")

func newCheckpoints(e *Engine) *checkpoints {
	c := &checkpoints{engine: e, durable: e.config.StateDir != "", wanted: make(chan struct{}, 1), patience: quietTime, leaving: map[string]*sourceActor{}, turn: newTurn(), had: map[string]map[string]bool{}}
	c.last.Store(new(CheckpointStats))
	return c
}

// follow makes checkpoints as a pipeline says.
func (c *checkpoints) follow(g *graph.Graph) {
	at := g.Checkpoint.OrDefault()
	c.interval.Store(int64(at.Interval))
	c.sync = at.Durability == graph.Fsync
}

// open opens the store of a pipeline, if it needs one and has none.
func (c *checkpoints) open(g *graph.Graph) error {
	if c.name == "" {
		c.name = g.Name
	}
	if c.store != nil || !c.durable && !c.engine.keepsState(g) {
		return nil
	}
	s, err := state.Open(c.engine.config.StateDir, g.Name, state.Options{Logger: c.engine.config.Logger})
	if err != nil {
		return err
	}
	if c.durable {
		_, unowned := os.Stat(filepath.Join(s.Path(), ownerFile))
		if c.owner, err = ownerOf(s.Path()); err != nil {
			return errors.Join(err, s.Close())
		}
		if unowned == nil && s.Epoch() == 1 {
			c.engine.config.Logger.Warn("what the pipeline has stored here before is gone, and it begins afresh", "state", s.Path(),
				"remedy", "where nobody has forgotten it on purpose (onstream state reset --all), stop the pipeline and restore the folder from a backup")
		}
	}
	c.store, c.synced = s, time.Now()
	last := s.Last()
	c.last.Store(&CheckpointStats{Number: last.Number, At: last.At})
	switch {
	case !c.durable:
		c.engine.config.Logger.Warn("what the stages keep is in memory only, and a restart loses it: run with --state DIR to keep it")
	case last.Number > 0:
		c.engine.config.Logger.Info("going on from a checkpoint", "number", last.Number, "taken", last.At, "state", s.Path())
	}
	return nil
}

// close closes the store.
func (c *checkpoints) close() error {
	if c.store == nil {
		return nil
	}
	return c.store.Close()
}

// writers returns the sinks that write what waits for them: those of a topology
// and those that a reload removed and that have not ended, also two of one address.
func (c *checkpoints) writers(top *topology) []*sinkActor {
	return slices.Concat(slices.Collect(maps.Values(top.sinks)), c.retired)
}

// living returns the writers by address. Of two, the one that was there first has it.
func (c *checkpoints) living(top *topology) map[string]*sinkActor {
	living := map[string]*sinkActor{}
	for _, a := range c.writers(top) {
		living[a.addr] = a
	}
	return living
}

// left returns the source that had an address until a reload removed it, nil
// for none of which something is unfinished.
func (c *checkpoints) left(addr string) *sourceActor {
	c.lefts.Lock()
	defer c.lefts.Unlock()
	return c.leaving[addr]
}

// leave is for a source that a reload removes.
func (c *checkpoints) leave(a *sourceActor) {
	c.lefts.Lock()
	defer c.lefts.Unlock()
	c.leaving[a.stage.Addr()] = a
}

// forgetLeft is for a source that another one answers for from now on.
func (c *checkpoints) forgetLeft(a *sourceActor) {
	c.lefts.Lock()
	defer c.lefts.Unlock()
	maps.DeleteFunc(c.leaving, func(_ string, b *sourceActor) bool { return a == b })
}

// start takes checkpoints until the function that it returns is called, which
// takes the last one.
func (c *checkpoints) start() (end func()) {
	if !c.durable {
		return func() {}
	}
	ctx, stop := context.WithCancel(c.engine.work)
	var loop sync.WaitGroup
	loop.Go(func() { c.run(ctx) })
	return func() {
		stop()
		loop.Wait()
		c.takeLast()
	}
}

// run takes checkpoints until ctx ends.
func (c *checkpoints) run(ctx context.Context) {
	for {
		tick := time.NewTimer(time.Duration(c.interval.Load()))
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-c.wanted:
		}
		tick.Stop()
		if ctx.Err() != nil {
			return
		}
		err := c.take(ctx, false)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, errBusy):
			c.engine.config.Logger.Warn("checkpoint put off: nothing is stored meanwhile", "error", err)
		default:
			c.engine.fail(err)
		}
	}
}

// takeLast takes the checkpoint of the end.
func (c *checkpoints) takeLast() {
	e := c.engine
	if e.work.Err() != nil {
		return
	}
	if c.stalled.Load() {
		e.config.Logger.Warn("the last checkpoint cannot be stored yet, and is tried again for a while", "for", e.config.DrainTimeout, "error", c.last.Load().Error)
	}
	ctx, cancel := context.WithTimeout(e.work, e.config.DrainTimeout)
	defer cancel()
	err := c.take(ctx, true)
	if err == nil {
		err = c.forgetCopies()
	}
	if err != nil {
		e.fail(fmt.Errorf("the last checkpoint could not be stored, so what came after the one before is done again at the next start: %w", err))
	}
}

// want asks for a checkpoint now.
func (c *checkpoints) want() {
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

// take takes a checkpoint and stores it, trying again until it can or ctx
// ends. The last one is on disk in any case.
func (c *checkpoints) take(ctx context.Context, last bool) error {
	if err := c.turn.await(ctx); err != nil {
		return err
	}
	defer c.turn.Unlock()
	if err := c.saveFailed(ctx); err != nil {
		return err
	}
	e := c.engine
	top := e.current()
	still := e.ofOneMoment(top.graph)
	if still && !last && c.settled && len(c.unsaved) == 0 && c.seen == e.valve.entries() && !c.changed.Load() {
		stats := *c.last.Load()
		stats.At = time.Now()
		c.last.Store(&stats)
		return c.check()
	}
	began := time.Now()
	if still {
		if err := e.standStill(ctx, top); err != nil {
			return err
		}
	}
	s, err := c.gather(ctx, top, still)
	paused := time.Since(began)
	if still {
		e.goOn(top)
	}
	if err != nil {
		return err
	}
	faultpoint("after_snapshot")
	return c.save(ctx, s, last, CheckpointStats{At: began, Paused: paused})
}

// saveFailed stores the snapshot that could not be stored before, if there is
// one: what is in it no later one has.
func (c *checkpoints) saveFailed(ctx context.Context) error {
	if c.failed == nil {
		return nil
	}
	return c.save(ctx, c.failed, true, CheckpointStats{At: time.Now()})
}

// save stores a snapshot. While that fails the sources wait: what is in flight
// goes on, and nothing is lost.
func (c *checkpoints) save(ctx context.Context, s *snapshot, last bool, stats CheckpointStats) (err error) {
	defer func() { c.letGo(s, err) }()
	faultpoint("before_commit")
	if mutant("position_ahead") {
		_ = c.gatherSources(s, true) // what has entered since the snapshot
	}
	sync := c.sync || last || time.Since(c.synced) >= syncTime
	stats.Bytes = s.commit.Size()
	c.settled = s.commit.Empty()
	for _, step := range []func(context.Context, *snapshot) error{c.end, c.bequeath} {
		if err := step(ctx, s); err != nil {
			c.failed = s
			return err
		}
	}
	owing := sync && len(c.unsaved) > 0 // of commits that were not synced
	if owing || !s.commit.Empty() {
		if err := c.write(ctx, s.commit, sync); err != nil {
			c.failed = s
			return err
		}
	} else if err := c.check(); err != nil {
		return err
	}
	c.failed = nil
	if err := c.forgetVoid(ctx, s); err != nil {
		return err
	}
	faultpoint("after_commit")
	c.claimed, c.stands = s.claims, s.stands
	for a, n := range s.stable {
		a.stored(n)
	}
	c.unsaved = append(c.unsaved, s.legacy.granted(s.acks)...)
	if sync {
		c.acknowledge()
	}
	stats.Number, stats.Took = c.store.Last().Number, time.Since(stats.At)
	c.last.Store(&stats)
	c.closeParted(ctx, s)
	return nil
}

// acknowledge tells the sources what is on disk.
func (c *checkpoints) acknowledge() {
	c.synced = time.Now()
	faultpoint("before_ack")
	for _, a := range c.unsaved {
		a.tell()
	}
	clear(c.unsaved)
	c.unsaved = c.unsaved[:0]
	faultpoint("after_ack")
}

// write stores a commit, again and again until it is stored.
func (c *checkpoints) write(ctx context.Context, commit *state.Commit, sync bool) error {
	return c.insist(ctx, func() error { return commit.Write(c.engine.config.Now(), sync) })
}

// insist does what a checkpoint needs, again and again until it is done or
// cannot be. The sources wait meanwhile.
func (c *checkpoints) insist(ctx context.Context, do func() error) error {
	if err := (retry{first: 10 * time.Millisecond, most: time.Second, failed: c.stall}).do(ctx, do); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	c.stall(nil)
	return nil
}

// check finds out, where there is nothing to be stored, whether it could be.
func (c *checkpoints) check() error {
	if err := c.store.Check(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// stall makes the sources wait because of err, or go on.
func (c *checkpoints) stall(err error) {
	if c.stalled.Load() == (err != nil) {
		return
	}
	c.stalled.Store(err != nil)
	if err != nil {
		last := *c.last.Load()
		last.Error = err.Error()
		c.last.Store(&last)
		c.engine.config.Logger.Error("checkpoints cannot be stored: sources wait until they can", "error", err)
	} else {
		c.engine.config.Logger.Info("checkpoints can be stored again")
	}
	for _, a := range c.engine.running() {
		a.hold(err != nil)
	}
}
