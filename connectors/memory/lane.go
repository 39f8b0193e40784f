package memory

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// lane reads one partition, in a goroutine of its own: one that has to wait holds up
// no other.
type lane struct {
	reader *reader
	log    *partition
	epoch  int64        // under which it commits
	at     atomic.Int64 // what is handed over next
	// turn grows when something was not finished: what was handed over until then
	// counts no more, and comes again.
	turn     atomic.Int64
	failures atomic.Int64 // in a row
	nacked   chan struct{}

	cancel context.CancelFunc
	ended  chan struct{}
}

// rewindBackoff is how long to wait before what was not finished comes again.
func rewindBackoff(failures int64) time.Duration {
	return connectors.Backoff{First: 10 * time.Millisecond, Most: 5 * time.Second}.Before(int(failures))
}

func (l *lane) run(ctx context.Context, out plugins.Outlet) error {
	r := l.reader
	v := view{framing: r.env.Framing, topics: r.Topic.Pattern(), rows: maxRows, batch: out.Batch}
	if r.MaxRecords > 0 {
		v.rows = min(r.MaxRecords, maxRows)
	}
	turn := int64(0)
	for ctx.Err() == nil {
		if now := l.turn.Load(); now != turn {
			if err := r.env.Wait(ctx, rewindBackoff(l.failures.Load())); err != nil {
				return err
			}
			turn = now
			l.at.Store(l.log.cursorOf(r.Group).at)
		}
		b, next, grown, err := l.log.take(l.at.Load(), v)
		if err != nil {
			return err
		}
		if b == nil {
			select {
			case <-grown:
			case <-l.nacked:
			case <-ctx.Done():
			}
			continue
		}
		if err := out.Hand(ctx, l.delivery(b, turn, next)); err != nil {
			return err
		}
		l.at.Store(next)
	}
	return ctx.Err()
}

// delivery is a batch with its answers, which count while its turn lasts.
func (l *lane) delivery(b *plugins.Batch, turn, next int64) plugins.Delivery {
	r := l.reader
	if r.Browse {
		return plugins.Delivery{Batch: b}
	}
	return plugins.Delivery{
		Batch: b,
		Next:  encodePosition(r.bus.id, next),
		Ack: func() {
			if l.turn.Load() == turn {
				l.failures.Store(0)
				l.log.commit(r.Group, l.epoch, next, r.env.Owner)
			}
		},
		Nack: func(error) {
			if l.turn.CompareAndSwap(turn, turn+1) {
				l.failures.Add(1)
				select {
				case l.nacked <- struct{}{}:
				default:
				}
			}
		},
	}
}
