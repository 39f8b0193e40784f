package runtime

import (
	"context"
	"time"

	"github.com/onstream/onstream/plugins"
)

// retry is how something is done again that fails for a while.
type retry struct {
	first, most time.Duration // between two attempts: at first, then twice as long each time, up to most
	failed      func(error)   // called with the first error that is not the last; may be nil
}

// do calls try until it succeeds, fails for good or ctx has ended, at least once, and
// returns what the last call did.
func (r retry) do(ctx context.Context, try func() error) error {
	for wait := r.first; ; wait = min(2*wait, r.most) {
		err := try()
		if err == nil || plugins.IsPermanent(err) || ctx.Err() != nil {
			return err
		}
		if r.failed != nil {
			r.failed(err)
			r.failed = nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}
