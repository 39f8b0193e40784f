package mqtt

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// client keeps connecting to the broker, for a role.
type client struct {
	*connection
	role role
	// tireless says that the client goes on whatever the broker says: it is another
	// who is told about the first attempt.
	tireless bool
	forget   bool        // the session ends with the client
	first    func(error) // told of the first attempt; nil for nobody
}

// role is what a client does. Its methods are called by one goroutine.
type role interface {
	// greeting returns how the next attempt is to introduce itself.
	greeting() greeting
	// opened is told of a new link, before anything is read from it.
	opened(*link) error
	// handle is given what the broker sends. It may block.
	handle(packet) error
	// closed is told that the link is over, and why.
	closed(error)
}

// run connects again and again, until ctx ends, or until trying again cannot mend
// why it does not work.
func (c *client) run(ctx context.Context) error {
	defer c.health.leave(c)
	been := false
	for attempt := 1; ; attempt++ {
		l, err := c.attempt(ctx, !been)
		if attempt == 1 && !been && c.first != nil {
			c.first(err)
		}
		if err == nil {
			c.health.reached(c, been)
			been, attempt = true, 0
			err = c.hold(ctx, l)
			c.health.lost()
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case c.tireless:
		case plugins.IsPermanent(err):
			return err
		}
		c.health.unreached(c, err)
		if err := c.env.Wait(ctx, c.backoff.Before(max(attempt, 1))); err != nil {
			return err
		}
	}
}

// attempt connects once. What a broker refuses that has let the client in before may
// pass, like all that happens to a server.
func (c *client) attempt(ctx context.Context, first bool) (*link, error) {
	l, err := c.connect(ctx, c.role.greeting())
	switch {
	case err == nil || ctx.Err() != nil:
	case first && c.failFast && !plugins.IsPermanent(err):
		err = plugins.Permanent(err)
	case !first && plugins.IsPermanent(err):
		err = fmt.Errorf("%w (it was let in before)", temporary(err))
	}
	return l, err
}

// temporary takes the mark of [plugins.Permanent] away.
func temporary(err error) error { return fmt.Errorf("%s", err.Error()) }

// hold works with a link until it is over.
func (c *client) hold(ctx context.Context, l *link) error {
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(finished)
		l.finish(c.forget)
	})
	err := c.role.opened(l)
	if err == nil {
		err = l.serve(c.role.handle)
	}
	close(l.left)
	l.close(err)
	if !stop() {
		<-finished
	}
	c.role.closed(err)
	return err
}
