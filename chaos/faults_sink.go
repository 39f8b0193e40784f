package main

import (
	"context"
	"time"
)

// sinkDown has the receiver misbehave for a while, in a manner that the seed
// chooses, or in one after the other.
func sinkDown(ctx context.Context, t *trial) error {
	first := taking + 1 + manner(t.rng.IntN(int(manners)))
	for range 8 {
		m := first
		if first == manners { // flapping
			m = manner(t.rng.IntN(int(manners)))
		}
		t.receiver.behave(m)
		if err := pause(ctx, t.random(80*time.Millisecond)); err != nil {
			return err
		}
	}
	if t.chance(0.5) {
		if err := t.crash(); err != nil {
			return err
		}
	}
	t.receiver.behave(taking)
	return t.lives(ctx)
}
