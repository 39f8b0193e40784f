package amqp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
)

// link is a connection to the server that is made again, without end, from when it is
// first asked for. Sources have one and sinks another, because a server that is
// short of memory stops those that publish.
type link struct {
	conn *connection
	what string // "read" or "write"

	mu         sync.Mutex
	changed    chan struct{} // closed at the next change
	started    bool
	tried      bool  // the first attempt is over
	live       *live // nil while there is no connection
	been       bool  // there was one
	err        error // why there is none
	ended      bool  // with err, for good
	reconnects int64
}

func newLink(c *connection, what string) *link {
	return &link{conn: c, what: what, changed: make(chan struct{})}
}

var errClosed = errors.New("the connection is closed")

// wait returns the connection, when there is one. It ends with an error that is
// permanent, with ctx, and, unless patient, when an attempt has failed.
func (l *link) wait(ctx context.Context, patient bool) (*live, error) {
	l.start()
	for {
		l.mu.Lock()
		up, changed := l.live, l.changed
		var err error
		switch {
		case l.ended:
			err = l.err
		case up == nil && l.tried && !l.been && l.conn.options.failAtStart:
			err = plugins.Permanent(fmt.Errorf("%w: start it, correct url, or let a pipeline wait for it with startup = \"wait\"", l.err))
		case up == nil && l.tried && !patient:
			err = l.err
		}
		l.mu.Unlock()
		if up != nil || err != nil {
			return up, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// start makes the link connect, once.
func (l *link) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started {
		return
	}
	l.started = true
	if l.conn.until.Err() != nil {
		l.ended, l.err = true, errClosed
		return
	}
	l.conn.links.Go(func() { l.run(l.conn.until) })
}

func (l *link) isStarted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.started
}

// change changes the state and tells those who wait.
func (l *link) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// run connects until ctx ends, or an error says that there is no point in it.
func (l *link) run(ctx context.Context) {
	defer l.change(func() {
		l.ended, l.live = true, nil
		if l.err == nil {
			l.err = errClosed
		}
	})
	for attempt := 1; ctx.Err() == nil; attempt++ {
		up, err := l.conn.dial(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			if l.refused(err, attempt) {
				return
			}
			if l.conn.env.Wait(ctx, l.conn.options.backoff.Before(attempt)) != nil {
				return
			}
			continue
		}
		attempt = 0
		l.connected(up)
		select {
		case <-up.lost:
			l.change(func() { l.live, l.err = nil, l.conn.judge(l.what, up.cause()) })
			l.conn.env.Logger.Warn("the connection to the bus is lost: it is made again", "bus", l.conn.place, "to", l.what, "error", l.err)
		case <-ctx.Done():
			if err := up.CloseDeadline(time.Now().Add(closeTime)); err != nil {
				up.kill()
			}
			<-up.lost
			return
		}
	}
}

// closeTime is how long the server may take to say goodbye.
const closeTime = 3 * time.Second

// refused notes that an attempt failed. It reports whether it was the last: an error that
// trying again cannot mend, unless it has worked before.
func (l *link) refused(err error, attempt int) (last bool) {
	waits := false // who opens the bus is not told of it as an error
	l.change(func() {
		if l.been {
			err = passing(err)
		}
		l.tried, l.err = true, err
		last = plugins.IsPermanent(err)
		l.ended = last
		waits = !last && (l.been || !l.conn.options.failAtStart)
	})
	if attempt == 1 && waits {
		l.conn.env.Logger.Warn("the bus cannot be reached: it is tried again until it can", "bus", l.conn.place, "to", l.what, "error", err)
	}
	return last
}

func (l *link) connected(up *live) {
	again := false
	l.change(func() {
		again = l.been || l.err != nil
		if l.been {
			l.reconnects++
		}
		l.live, l.been, l.tried, l.err = up, true, true, nil
	})
	if again {
		l.conn.env.Logger.Info("the bus is reached", "bus", l.conn.place, "to", l.what)
	}
}

// status adds how the link is.
func (l *link) status(s *plugins.ConnectionStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Reconnects += l.reconnects
	switch {
	case !l.started:
		return
	case l.live == nil:
		s.Connected = false
		if l.err != nil && s.Err == "" {
			s.Err = l.err.Error()
		}
	default:
		if _, reason := l.live.isBlocked(); reason != "" && s.Err == "" {
			s.Err = "the server takes no records for now: " + reason
		}
	}
}
