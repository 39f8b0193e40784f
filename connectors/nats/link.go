package nats

import (
	"context"
	"errors"
)

// link returns the session that records are published by. It has a connection of its own, and
// ends with that: a client that connects again by itself would send what is behind the
// break, while what was before it is lost, and so break the order.
func (c *connection) link(ctx context.Context) (*session, error) {
	if _, err := c.get(ctx); err != nil {
		return nil, err
	}
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	s, e, over := c.publishing, c.embedded, c.over
	c.mu.Unlock()
	if over != nil {
		return nil, over
	}
	if s != nil && s.err() == nil {
		return s, nil
	}
	if s != nil {
		<-s.closed
	}
	s = &session{conn: c, once: true, closed: make(chan struct{})}
	if err := c.reach(ctx, s, e); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.publishing = s
	return s, nil
}

// forNow makes an error one after which the engine tries again: what a connection is refused
// for while records wait to be written, somebody can mend.
func forNow(err error) error { return errors.New(err.Error()) }
