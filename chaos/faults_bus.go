package main

import (
	"context"
	"time"
)

// restartServer has the server of the bus end and come back: in order, or killed.
func restartServer(kill bool) func(ctx context.Context, t *trial) error {
	return func(ctx context.Context, t *trial) error {
		if err := t.underLoad(ctx); err != nil {
			return err
		}
		s := t.road.server
		began := time.Now()
		if kill {
			s.Kill()
		} else if err := s.Stop(); err != nil {
			return err
		}
		if err := pause(ctx, t.random(600*time.Millisecond)); err != nil {
			return err
		}
		// Now and then the engine starts before its bus.
		if t.chance(0.2) {
			if err := t.crash(); err != nil {
				return err
			}
		}
		if err := s.Start(ctx); err != nil {
			return err
		}
		return t.reconnected(ctx, began)
	}
}

// reconnected waits until all is as before an outage that began at a time and is over now. What was on
// its way may come twice.
func (t *trial) reconnected(ctx context.Context, began time.Time) error {
	t.back = time.Now()
	t.unsaved += t.back.Sub(began) + unsaved
	return t.catchUp(ctx, t.back)
}

// cutConnections ends all connections to the server, some times in a row.
func cutConnections(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	began := time.Now()
	for range 1 + t.rng.IntN(4) {
		if t.relayed {
			t.road.relay.Cut()
		} else if err := t.road.server.CutAll(); err != nil {
			return err
		}
		if err := pause(ctx, t.random(100*time.Millisecond)); err != nil {
			return err
		}
	}
	if t.chance(0.2) {
		if err := t.crash(); err != nil {
			return err
		}
	}
	return t.reconnected(ctx, began)
}

// freezeServer has the server keep its connections and answer nothing for a while.
func freezeServer(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := t.road.server.Freeze(); err != nil {
		return err
	}
	err := pause(ctx, 200*time.Millisecond+t.random(1500*time.Millisecond))
	if err := t.road.server.Thaw(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return t.reconnected(ctx, began)
}
