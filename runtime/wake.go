package runtime

import (
	"context"
	"sync"
)

// wakeWith wakes those who wait for a condition when ctx ends, until stop is called.
func wakeWith(ctx context.Context, changed *sync.Cond) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		changed.L.Lock()
		defer changed.L.Unlock()
		changed.Broadcast()
	})
}
