package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onstream/onstream/chaos/bus"
)

// errNotTaken is why the sender gives up.
var errNotTaken = errors.New("the engine does not take any more")

// hush has the sender stop. The batch under way is still to be taken.
func (t *trial) hush(ctx context.Context) error {
	t.sender.stop()
	for began := time.Now(); ; {
		select {
		case <-t.sender.stopped:
			if errors.Is(t.sender.failed, errNotTaken) {
				return nil
			}
			return t.sender.failed
		default:
		}
		if time.Since(began) > t.limit {
			t.fail(gateLiveness, "%v; its last words: %s", errNotTaken, t.lastWords())
			t.sender.abort(errNotTaken)
		}
		if err := errors.Join(t.supervise(ctx), pause(ctx, pollEvery)); err != nil {
			t.sender.abort(err)
			return err
		}
	}
}

// settle lets the engine come to rest: everything that it has accepted is to
// come out, and then a fresh record of each device.
func (t *trial) settle(ctx context.Context) error {
	t.progress("%s, seed %d: waiting for the rest", t.fault, t.seed)
	if _, err := t.complete(ctx, t.patience); err != nil {
		return err
	}
	sending, stop := context.WithTimeoutCause(ctx, t.limit, errNotTaken)
	defer stop()
	if err := t.sender.fresh(sending); err != nil {
		if ctx.Err() != nil {
			return err
		}
		t.fail(gateLiveness, "%v; the engine's last words: %s", err, t.lastWords())
	}
	whole, err := t.complete(ctx, t.patience)
	if err != nil {
		return err
	}
	if !whole {
		t.fail(gateLiveness, "something accepted did not come out; the engine's last words: %s", t.lastWords())
	}
	t.part(ctx, false)
	if err := t.proc.finish(ctx, t.limit); err != nil {
		t.fail(gateEnd, "asked to end: %v; its last words: %s", err, t.lastWords())
	}
	t.peak = max(t.peak, t.proc.peak.Load())
	return errors.Join(t.poll(), t.quiet(ctx))
}

// stillness is how long nothing comes over a bus when all has come.
const stillness = 300 * time.Millisecond

// quiet waits until the observer has seen all that a bus has: what came twice, too.
func (t *trial) quiet(ctx context.Context) error {
	if t.road == nil {
		return nil
	}
	if s, ok := t.road.output.(bus.Store); ok {
		return t.remain(ctx, s)
	}
	for moved, count := time.Now(), t.observer.count(); time.Since(moved) < stillness; {
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
		if n := t.observer.count(); n != count {
			moved, count = time.Now(), n
		}
	}
	return nil
}

// remain has the observer take what a store has, now that nobody writes to it.
func (t *trial) remain(ctx context.Context, s bus.Store) error {
	for _, stream := range t.streams() {
		var lines [][]byte
		if err := s.Documents(ctx, outputTopic(stream), func(text []byte) { lines = append(lines, text) }); err != nil {
			return fmt.Errorf("read what is stored: %w", err)
		}
		t.observer.remain(stream, lines)
	}
	return nil
}

// complete waits until everything that was accepted has come out. It gives up
// when the outputs have stood still for a time.
func (t *trial) complete(ctx context.Context, still time.Duration) (bool, error) {
	a, err := readLedger(t.path("ledger"))
	if err != nil {
		return false, err
	}
	want := expect(a, t.streams(), t.lateness())
	moved, count := time.Now(), t.observer.count()
	for {
		if err := t.poll(); err != nil {
			return false, err
		}
		if t.observer.missing(want) == 0 {
			return true, nil
		}
		if n := t.observer.count(); n != count {
			moved, count = time.Now(), n
		}
		if time.Since(moved) > still {
			return false, nil
		}
		if err := t.supervise(ctx); err != nil {
			return false, err
		}
		if err := pause(ctx, 10*pollEvery); err != nil {
			return false, err
		}
	}
}
