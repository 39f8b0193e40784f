package runtime

import "context"

// turn is a lock for which one can stop waiting.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// Lock implements [sync.Locker].
func (t turn) Lock() { t <- struct{}{} }

// Unlock implements [sync.Locker].
func (t turn) Unlock() { <-t }

// await is Lock, unless ctx ends first.
func (t turn) await(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
