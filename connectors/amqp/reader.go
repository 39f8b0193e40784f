package amqp

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reader is a source of the records of a queue. Each time that the connection was lost,
// or something was not finished, it reads in a new session.
type reader struct {
	conn    *connection
	sub     connectors.Subscription
	env     plugins.Env
	queue   string
	binding string
	topics  bool // each record says its topic
	part    plugins.Partition

	waiting atomic.Int64 // records in the queue and in the session's pump
	known   atomic.Bool  // that this is so
}

var (
	_ plugins.Source  = (*reader)(nil)
	_ plugins.Lagging = (*reader)(nil)
)

// rewindBackoff is how long to wait before what was not finished comes again.
var rewindBackoff = connectors.Backoff{First: 10 * time.Millisecond, Most: 5 * time.Second}

// Run implements [plugins.Source].
func (r *reader) Run(ctx context.Context, out plugins.Outlet) error {
	existing, failures, nacks := false, 0, 0
	for {
		s, err := r.open(ctx, existing)
		if err == nil {
			if failures > 0 {
				r.env.Logger.Info("the queue is read again", "stage", r.env.Stage, "queue", r.queue)
			}
			existing, failures = !r.sub.Browse, 0
			var useful bool
			useful, err = s.run(ctx, out)
			if useful {
				nacks = 0
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case plugins.IsPermanent(err):
			return err
		case errors.Is(err, errGone):
			r.env.Logger.Warn("the queue has gone with its server, because it is not durable: it is made again, and what was in it is lost", "stage", r.env.Stage, "queue", r.queue)
			existing = false
			continue
		case errors.Is(err, errNacked):
			nacks++
			err = r.env.Wait(ctx, rewindBackoff.Before(nacks))
		default:
			failures++
			if failures == 1 && (s == nil || !s.up.IsClosed()) { // that is told by the link
				r.env.Logger.Warn("the queue cannot be read; it is tried again", "stage", r.env.Stage, "queue", r.queue, "error", err)
			}
			err = r.env.Wait(ctx, r.conn.options.backoff.Before(failures))
		}
		if err != nil {
			return err
		}
	}
}

// Lag implements [plugins.Lagging]: what the server said lately.
func (r *reader) Lag() (records int64, ok bool) { return r.waiting.Load(), r.known.Load() }

// open begins to read.
func (r *reader) open(ctx context.Context, existing bool) (*session, error) {
	up, err := r.conn.reading.wait(ctx, true)
	if err != nil {
		return nil, err
	}
	var s *session
	up.bounded(r.conn.options.connect, func() {
		var ch *amqp091.Channel
		if ch, err = up.Channel(); err != nil {
			err = r.conn.judge("open a channel", err)
			return
		}
		s = newSession(r, up, ch)
		err = s.begin(existing)
	})
	if err != nil && s != nil {
		s.end()
	}
	return s, err
}
