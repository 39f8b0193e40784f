package trial

import (
	"context"
	"sync"
	"time"
)

// clock is the pipeline's clock: it stands still, but for who waits, and then
// no time passes outside.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep is what [plugins.Env.Sleep] asks for.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(max(d, 0))
	c.mu.Unlock()
	return ctx.Err()
}
