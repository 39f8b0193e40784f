package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/onstream/onstream/chaos/bus"
)

// stateFolder is where the state is, in the folder of the run.
const stateFolder = "state"

// trial is one run: a scenario with a seed, in a folder of its own.
type trial struct {
	scenario
	setup
	seed   uint64
	cycles int // how often the fault is to come
	dir    string
	rng    *rand.Rand
	engine *engine

	observer *observer
	tails    *tails    // nil when nothing is written to files
	receiver *receiver // nil when nothing is sent
	road     *road     // nil when there is no bus
	partner  *partner  // nil when there is one engine only
	monitor  string    // where the engine tells its metrics, "" for nowhere
	ledger   *ledger
	sender   *sender

	mu   sync.Mutex
	proc *process // the present one; the sender asks for it, too
	base int      // lines that were there when it started

	shown      *process  // the last one that was seen to give output
	back       time.Time // when the last outage of a server ended
	done       int       // cycles so far
	kills      int
	exits      int // ends by itself
	lostStates int
	unsaved    time.Duration // in which no checkpoint could be stored
	recovery   time.Duration // the longest
	peak       int64         // memory, bytes
	broken     map[gate]string
}

// setup is what all trials of a command share.
type setup struct {
	binary   string
	rate     int           // lines a second
	stall    time.Duration // how long a server stands still
	patience time.Duration // how long the outputs may stand still before what is missing counts as lost
	limit    time.Duration // how long the engine may take to come back, and to end
	env      []string      // of the engine
	keep     bool          // whether somebody will look at what an engine that is stuck does
	progress func(format string, args ...any)
}

// runTrial runs a scenario in a folder that is there and empty.
func runTrial(ctx context.Context, s scenario, u setup, seed uint64, cycles int, dir string) (_ result, err error) {
	t := &trial{
		scenario: s, setup: u, seed: seed, cycles: cycles, dir: dir,
		rng: rand.New(rand.NewPCG(seed, 2)), observer: newObserver(s.sink), broken: map[gate]string{},
	}
	if s.pace > 0 {
		t.rate = min(t.rate, s.pace)
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.prepare(ctx); err != nil {
		return result{}, err
	}
	t.sender.start(ctx)
	if err := errors.Join(t.faults(ctx), t.hush(ctx)); err != nil {
		return result{}, err
	}
	if err := t.settle(ctx); err != nil {
		return result{}, err
	}
	return t.verify()
}

// prepare sets up all that the engine runs between, and starts it.
func (t *trial) prepare(ctx context.Context) error {
	if t.ready != nil {
		if err := t.ready(ctx, t); err != nil {
			return err
		}
	}
	pipeline := t.path("pipeline")
	if err := t.write(pipeline, t.pipelineName()); err != nil {
		return err
	}
	t.engine = &engine{binary: t.binary, env: t.env, log: t.path("log"), hold: t.path("hold"), args: []string{
		"run", "--state", t.path(stateFolder), "--log-format", "json", "--output", "json", "--var", "dir=" + t.dir,
	}}
	var err error
	switch t.sink {
	case byTopic, byStore:
		if t.road, err = openRoad(ctx, t); err != nil {
			return err
		}
	case byFile:
		t.tails = newTails(t.dir, t.streams(), t.observer)
	case byHTTP:
		if t.receiver, err = startReceiver(ctx, t.observer); err != nil {
			return err
		}
		t.engine.args = append(t.engine.args, "--var", "receiver="+t.receiver.url)
	}
	if t.source.apart() {
		if t.monitor, err = bus.FreeAddr(); err != nil {
			return err
		}
		t.engine.args = append(t.engine.args, "--http", t.monitor)
	}
	t.engine.args = append(t.engine.args, pipeline)
	if t.ledger, err = createLedger(t.path("ledger")); err != nil {
		return err
	}
	t.sender = &sender{ledger: t.ledger, rate: t.rate, gen: newGenerator(t.Name(), t.seed, t.work)}
	switch t.source {
	case byFile:
		t.sender.transport, err = newAppender(t.dir)
	case byHTTP:
		t.sender.transport = newPoster(t.address)
	default:
		t.sender.transport = publisher{t.road.input}
	}
	if err != nil {
		return err
	}
	return t.start(t.wrapper)
}

// pipelineName differs for each run that a server may know of.
func (t *trial) pipelineName() string {
	if t.over == nil {
		return "chaos"
	}
	return fmt.Sprintf("%s-%d", t.Name(), os.Getpid())
}

// Name is the fault and the seed, which tell one run from another.
func (t *trial) Name() string { return fmt.Sprintf("%s-%d", t.fault, t.seed) }

func (t *trial) path(name string) string { return filepath.Join(t.dir, name) }

// faults brings the fault about, again and again, while records are sent.
func (t *trial) faults(ctx context.Context) error {
	for t.done = 0; t.done < t.cycles; t.done++ {
		t.progress("%s, seed %d: cycle %d of %d, %d lines accepted", t.fault, t.seed, t.done+1, t.cycles, t.sender.lines.Load())
		if err := t.inject(ctx, t); err != nil {
			return err
		}
		if _, stuck := t.broken[gateRecovery]; stuck {
			return nil // it would only be stuck again
		}
	}
	return nil
}

// close ends and removes what the trial has begun, but not its folder.
func (t *trial) close() error {
	var err error
	if t.sender != nil && t.sender.abort != nil {
		t.sender.abort(errNotTaken)
		<-t.sender.stopped
	}
	if t.proc != nil {
		t.proc.kill()
	}
	if t.sender != nil && t.sender.transport != nil {
		err = errors.Join(err, t.sender.close())
	}
	if t.ledger != nil {
		err = errors.Join(err, t.ledger.close())
	}
	if t.partner != nil {
		t.partner.close()
	}
	if t.receiver != nil {
		err = errors.Join(err, t.receiver.close())
	}
	if t.road != nil {
		err = errors.Join(err, t.road.close())
	}
	if t.clear != nil {
		err = errors.Join(err, t.clear(t))
	}
	return err
}

// fail notes that a gate is not passed, and why; the first reason counts.
func (t *trial) fail(g gate, format string, args ...any) {
	if _, known := t.broken[g]; !known {
		t.broken[g] = fmt.Sprintf(format, args...)
	}
}

// random returns a time of less than a limit.
func (t *trial) random(limit time.Duration) time.Duration {
	return time.Duration(t.rng.Int64N(int64(limit)))
}

// chance is true with a probability.
func (t *trial) chance(p float64) bool { return t.rng.Float64() < p }

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
