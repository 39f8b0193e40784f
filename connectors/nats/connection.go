package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// connection is what a block stands for: an embedded server, if it is one, and a
// session with it or with others.
type connection struct {
	options options
	env     plugins.Env
	hub     *hub

	turn chan struct{} // who has its one element connects

	mu      sync.Mutex
	session *session // nil before it was first connected
	// publishing is the session of writers; see link.
	publishing *session
	embedded   *embedded
	over       error // nothing will connect any more
	away       error // why there is no connection, nil while there is one or none was wanted
	began      bool  // it was connected before
	asked      bool  // somebody wanted a connection
	members    []*member

	reconnects atomic.Int64
	missed     atomic.Int64   // records that were removed before they were read, at most
	background sync.WaitGroup // members
}

var (
	_ connectors.Bus     = (*connection)(nil)
	_ connectors.Browser = (*connection)(nil)
	_ plugins.Monitored  = (*connection)(nil)
)

func newConnection(o options, env plugins.Env, h *hub) *connection {
	c := &connection{options: o, env: env, hub: h, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

var errClosed = plugins.Permanent(errors.New("the connection is closed"))

// get returns the session. The first call connects, or returns why that failed.
func (c *connection) get(ctx context.Context) (*session, error) {
	c.mu.Lock()
	c.asked = true
	s, over := c.session, c.over
	c.mu.Unlock()
	if over != nil {
		return nil, over
	}
	if s != nil {
		return s, s.err()
	}
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	s, over = c.session, c.over
	c.mu.Unlock()
	if s != nil || over != nil {
		return s, over
	}
	s, err := c.open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !c.options.failAtStart && !plugins.IsPermanent(err) {
			c.lost(err)
			return nil, err
		}
		err = plugins.Permanent(err)
		c.mu.Lock()
		c.over = err
		c.mu.Unlock()
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session, c.began = s, true
	if c.away != nil {
		c.env.Logger.Info("connected to the bus again")
		c.away = nil
	}
	return s, nil
}

// await is get for as long as it takes.
func (c *connection) await(ctx context.Context) (*session, error) {
	for attempt := 1; ; attempt++ {
		s, err := c.get(ctx)
		if err == nil || plugins.IsPermanent(err) {
			return s, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := c.env.Wait(ctx, c.options.backoff.Before(attempt)); err != nil {
			return nil, err
		}
	}
}

// open starts the embedded server, where there is to be one, and connects.
func (c *connection) open(ctx context.Context) (*session, error) {
	c.mu.Lock()
	e := c.embedded
	c.mu.Unlock()
	if e == nil && len(c.options.servers) == 0 {
		var err error
		if e, err = startEmbedded(ctx, c.options, c.env, c.hub); err != nil {
			return nil, err
		}
		c.mu.Lock()
		c.embedded = e
		c.mu.Unlock()
	}
	return c.dial(ctx, e)
}

// lost and again tell, once for each outage, that there is no connection.
func (c *connection) lost(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over != nil {
		return
	}
	if c.away == nil {
		c.env.Logger.Warn("no connection to the bus; it is tried again until there is one", "error", c.explain(err))
	}
	c.away = err
}

func (c *connection) again() {
	c.reconnects.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away != nil {
		c.env.Logger.Info("connected to the bus again")
	}
	c.away = nil
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := plugins.ConnectionStatus{Connected: c.session != nil && c.away == nil && c.over == nil, Reconnects: c.reconnects.Load(), Dropped: c.missed.Load()}
	switch {
	case c.session != nil && c.session.err() != nil:
		s.Connected, s.Err = false, c.session.err().Error()
	case c.over != nil && !errors.Is(c.over, errClosed):
		s.Err = c.over.Error()
	case c.away != nil:
		s.Err = c.explain(c.away).Error()
	}
	return s
}

// Reader implements [connectors.Bus].
func (c *connection) Reader(sub connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	subject, err := subjectOf(sub.Topic)
	if err != nil {
		return nil, err
	}
	return newReader(c, sub, subject, env), nil
}

// Writer implements [connectors.Bus].
func (c *connection) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	w := newWriter(c, env)
	if p.Topic == "" {
		return w, nil
	}
	var err error
	if w.only, err = subjectOf(p.Topic); err != nil {
		return nil, err
	}
	return w, nil
}

// closeTime bounds what Close does where its caller does not.
const closeTime = 10 * time.Second

// Close implements [plugins.Closer]: what was acknowledged is committed, then the
// leases are given back, and the server ends.
func (c *connection) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	c.mu.Lock()
	members := c.members
	c.members = nil
	c.mu.Unlock()
	for _, m := range members {
		m.quit()
	}
	err := c.joined(ctx)
	select {
	case <-c.turn: // nobody connects meanwhile
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return fmt.Errorf("close the bus: %w", ctx.Err())
	}
	c.mu.Lock()
	s, e, p := c.session, c.embedded, c.publishing
	c.session, c.embedded, c.publishing, c.over = nil, nil, nil, errClosed
	c.mu.Unlock()
	if p != nil {
		p.stop()
	}
	if s != nil {
		s.stop()
	}
	c.background.Wait()
	if e != nil {
		e.stop()
	}
	return err
}

// joined waits for the members of groups to leave, which they do in a limited time.
func (c *connection) joined(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.background.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("commit what was acknowledged: %w", ctx.Err())
	}
}
