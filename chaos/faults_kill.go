package main

import (
	"context"
	"fmt"
	"time"
)

// killAtRandom kills the engine, sometimes while it is still starting.
func killAtRandom(ctx context.Context, t *trial) error {
	if t.chance(0.3) {
		if err := pause(ctx, t.random(150*time.Millisecond)); err != nil {
			return err
		}
		return t.crash()
	}
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	return t.crash()
}

// faultpoints are the places of the engine at which it kills itself, or takes
// its time, when it is built with the tag chaos.
func faultpoints() []string {
	return append(checkpointSteps(), startStep)
}

// checkpointSteps are passed at each checkpoint.
func checkpointSteps() []string {
	return []string{"after_snapshot", "before_commit", "after_commit", "before_ack", "after_ack"}
}

// startStep is passed once in a life, between the state and what sinks had not
// written.
const startStep = "before_outbox"

// killAtPoint lets the engine kill itself at one place after the other.
func killAtPoint(ctx context.Context, t *trial) error {
	t.kill()
	points := faultpoints()
	if t.stages == exact {
		points = append(points, "after_prepare", "after_transaction")
	}
	point, nth := points[t.done%len(points)], 1
	if point != startStep {
		nth += t.rng.IntN(5)
	}
	if err := t.start(t.wrapper, fmt.Sprintf("ONSTREAM_FAULT=%s:%d", point, nth)); err != nil {
		return err
	}
	if !t.proc.await(ctx, t.limit) {
		t.fail(gateUnreached, "the engine did not come to the point %s in %s", point, t.limit)
		t.proc.kill()
	}
	t.kills++
	if err := t.start(t.wrapper); err != nil {
		return err
	}
	return t.started(ctx)
}

// killAtSlowStep kills the engine at random while it takes its time at one step
// of its checkpoints, so that this is where most kills come.
func killAtSlowStep(ctx context.Context, t *trial) error {
	t.kill()
	steps := checkpointSteps()
	if err := t.start(t.wrapper, fmt.Sprintf("ONSTREAM_DELAY=%s:40ms", steps[t.done%len(steps)])); err != nil {
		return err
	}
	return killAtRandom(ctx, t)
}

// endOrderly asks the engine to end.
func endOrderly(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	if err := t.proc.finish(ctx, t.limit); err != nil {
		t.fail(gateEnd, "asked to end: %v; its last words: %s", err, t.lastWords())
	}
	return t.start(t.wrapper)
}
