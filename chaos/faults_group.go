package main

import (
	"context"
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
	if err := t.catchUp(ctx, time.Now()); err != nil {
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
