package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

var _ plugins.Lagging = (*reader)(nil)

// Lag implements [plugins.Lagging].
func (r *reader) Lag() (records int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes {
		n := l.lag.Load()
		if n < 0 {
			return 0, false
		}
		records += n
	}
	return records, r.lanes != nil
}

// lagEvery is how often a stream that is not read is asked about.
const lagEvery = time.Second

// askLag keeps it known how much waits while what was read is not taken, until ctx ends. Otherwise
// each read tells.
func (l *lane) askLag(ctx context.Context) {
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for before := int64(-1); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		reads := l.reads.Load()
		if reads != before {
			before = reads
			continue
		}
		x := goredis.NewRawCmd(ctx, "XINFO", "GROUPS", l.stream)
		if l.reader.client.Process(ctx, x) != nil {
			continue // the next read finds out
		}
		if stands, err := groupOf(x.Val(), l.reader.sub.Group); err == nil && l.reads.Load() == reads {
			l.lag.Store(stands.lag)
		}
	}
}
