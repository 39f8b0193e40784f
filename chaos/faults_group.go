package main

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// takeOver kills one of two engines, and has the other one go on with its partitions and
// what was kept of them.
func takeOver(ctx context.Context, t *trial) error {
	if err := t.both(ctx); err != nil {
		return err
	}
	if err := pause(ctx, 200*time.Millisecond+t.random(600*time.Millisecond)); err != nil {
		return err
	}
	if t.chance(0.5) {
		t.swap()
	}
	t.part(ctx, true)
	since := time.Now()
	if t.chance(0.3) {
		// Back before anybody has noticed.
		if err := t.join(); err != nil {
			return err
		}
	}
	t.unsaved += t.over.Silence + unsaved
	return t.catchUp(ctx, since)
}

// wakeZombie has one of two engines stand still until the other one has gone on with its
// partitions. When it wakes up it still thinks that they are its own.
func wakeZombie(ctx context.Context, t *trial) error {
	if err := t.both(ctx); err != nil {
		return err
	}
	if err := pause(ctx, 200*time.Millisecond+t.random(400*time.Millisecond)); err != nil {
		return err
	}
	if t.chance(0.5) {
		t.swap()
	}
	zombie := t.partner.proc
	if err := zombie.signal(signalStop); err != nil {
		return err
	}
	t.unsaved += 2 * (t.over.Silence + unsaved)
	if err := t.inherited(ctx, time.Now()); err != nil {
		return err
	}
	if err := pause(ctx, t.random(500*time.Millisecond)); err != nil {
		return err
	}
	if err := zombie.signal(signalContinue); err != nil {
		return err
	}
	if t.chance(0.8) {
		// What the zombie has left is the last that is there.
		if err := pause(ctx, t.random(60*time.Millisecond)); err != nil {
			return err
		}
		if err := t.crash(); err != nil {
			return err
		}
	}
	return t.catchUp(ctx, time.Now())
}

// commitOfZombie has an engine stand still when it has read and not yet left to the next owner what it made of
// that, until another one has gone on with its partitions and left something there. Then that one dies: what
// the zombie leaves is the last that is there, and who comes next is to know better than to go by it.
func commitOfZombie(ctx context.Context, t *trial) error {
	zombie := t.proc
	if err := t.inherited(ctx, time.Now()); err != nil {
		return err
	}
	// Its first commit of a partition has all that is kept of it, and would agree with itself.
	if there, err := t.committed(ctx, zombie); err != nil || !there {
		return err
	}
	if there, err := t.divided(ctx); err != nil || !there {
		return err
	}
	// Right behind a commit: the next one has something of few keys. With something of all of them it would agree with
	// itself, too.
	if there, err := t.holdAt(ctx, zombie, "after_commit"); err != nil || !there {
		return err
	}
	if err := errors.Join(ask(zombie, "before_bequest"), letGo(zombie, "after_commit")); err != nil {
		return err
	}
	if there, err := t.held(ctx, zombie, "before_bequest"); err != nil || !there {
		return err
	}
	if err := zombie.signal(signalStop); err != nil {
		return err
	}
	t.unsaved += 2 * (t.over.Silence + unsaved)
	err := t.inherited(ctx, time.Now())
	if err == nil {
		_, err = t.committed(ctx, t.partner.proc)
	}
	t.part(ctx, true)
	if err := errors.Join(err, letGo(zombie, "before_bequest"), zombie.signal(signalContinue)); err != nil {
		return err
	}
	return t.catchUp(ctx, time.Now())
}

// divided starts the second engine, and waits until it has partitions that were the first one's. It reports whether it has.
func (t *trial) divided(ctx context.Context) (bool, error) {
	if err := t.join(); err != nil {
		return false, err
	}
	for began := time.Now(); ; {
		said, err := t.partner.proc.said()
		if err != nil || bytes.Contains(said, []byte("took over a partition")) {
			return err == nil, err
		}
		if took := time.Since(began); took > t.recoveryLimit() {
			t.fail(gateUnreached, "the second engine has got no partition in %s; its last words: %s", took.Round(time.Millisecond), lastWordsOf(t.partner.proc))
			return false, nil
		}
		if err := errors.Join(t.supervise(ctx), pause(ctx, pollEvery)); err != nil {
			return false, err
		}
	}
}

// committed waits until a process has committed what it has read by now, and reports whether it did. A commit that ends may have
// begun before: it takes two.
func (t *trial) committed(ctx context.Context, p *process) (there bool, err error) {
	for range 2 {
		if there, err = t.holdAt(ctx, p, "after_commit"); err != nil || !there {
			return false, err
		}
		if err := letGo(p, "after_commit"); err != nil {
			return false, err
		}
	}
	return true, nil
}

// inherited waits until something that was accepted of each device from now on has come out: then all partitions
// are those of an engine that runs.
func (t *trial) inherited(ctx context.Context, since time.Time) error {
	if err := t.sender.onward(ctx); err != nil {
		return err
	}
	return t.catchUp(ctx, since)
}

// rebalance starts and ends a second engine, now and then before it has got anything.
func rebalance(ctx context.Context, t *trial) error {
	if err := t.join(); err != nil {
		return err
	}
	if err := pause(ctx, t.random(800*time.Millisecond)); err != nil {
		return err
	}
	if t.chance(0.3) {
		t.swap()
	}
	crash := t.chance(0.2)
	t.part(ctx, crash)
	if crash {
		t.unsaved += t.over.Silence
	}
	return t.catchUp(ctx, time.Now())
}
