package main

import (
	"context"
	"fmt"
	"time"
)

// partner is a second engine of the same group: it runs the same pipeline with a state
// directory of its own.
type partner struct {
	engine *engine
	proc   *process // nil while it is not running
}

// partnerFolder is where its state is, in the folder of the run.
const partnerFolder = "state-2"

// join starts the second engine, unless it runs.
func (t *trial) join() error {
	if t.partner == nil {
		args := append([]string{}, t.engine.args...)
		for i, a := range args {
			if a == t.path(stateFolder) {
				args[i] = t.path(partnerFolder)
			}
		}
		t.partner = &partner{engine: &engine{binary: t.binary, args: args, env: t.env, log: t.path("log-2"), hold: t.path("hold-2")}}
	}
	p := t.partner
	if p.proc != nil {
		return nil
	}
	proc, err := p.engine.start(t.wrapper)
	p.proc = proc
	return err
}

// swap makes the second engine the first.
func (t *trial) swap() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.engine, t.partner.engine = t.partner.engine, t.engine
	t.proc, t.partner.proc = t.partner.proc, t.proc
	t.shown = t.proc
}

// part ends the second engine: as a crash does, or in order.
func (t *trial) part(ctx context.Context, crash bool) {
	p := t.partner
	if p == nil || p.proc == nil {
		return
	}
	if !p.proc.alive() {
		t.endedOf(p.proc)
	} else if said, err := p.proc.said(); crash || err == nil && len(said) == 0 { // or it does not know signals yet
		p.proc.kill()
		t.kills++
	} else if err := p.proc.finish(ctx, 2*t.limit); err != nil {
		t.fail(gateEnd, "the second engine was asked to end: %v; its last words: %s", err, lastWordsOf(p.proc))
	}
	t.peak = max(t.peak, p.proc.peak.Load())
	p.proc = nil
}

// watchPartner starts the second engine again if it has ended by itself.
func (t *trial) watchPartner() error {
	if t.partner == nil || t.partner.proc == nil || t.partner.proc.alive() {
		return nil
	}
	t.endedOf(t.partner.proc)
	t.partner.proc = nil
	return t.join()
}

func (p *partner) close() {
	if p.proc != nil {
		p.proc.kill()
	}
}

// catchUp waits until all that was accepted before now has come out. There has been no
// reason that it does not since a time.
func (t *trial) catchUp(ctx context.Context, since time.Time) error {
	latest := t.sender.accepted()
	for {
		if err := t.poll(); err != nil {
			return err
		}
		took := time.Since(since)
		if t.observer.reached(latest) {
			t.recovery = max(t.recovery, took)
			return nil
		}
		if took > t.recoveryLimit() {
			t.recovery = max(t.recovery, took)
			t.fail(gateRecovery, "what was accepted has not come out for %s; the engine's last words: %s", took.Round(time.Millisecond), t.lastWords())
			if t.keep {
				t.dump(ctx)
			}
			return nil
		}
		if err := t.supervise(ctx); err != nil {
			return err
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// dump has all engines write to their logs what they do, and end.
func (t *trial) dump(ctx context.Context) {
	t.proc.dump(ctx)
	if t.partner != nil && t.partner.proc != nil {
		t.partner.proc.dump(ctx)
	}
}

// both starts the second engine, and waits until the two of them are up to date.
func (t *trial) both(ctx context.Context) error {
	if err := t.join(); err != nil {
		return fmt.Errorf("start the second engine: %w", err)
	}
	return t.catchUp(ctx, time.Now())
}
