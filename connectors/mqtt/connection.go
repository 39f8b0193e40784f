package mqtt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// connection is what a connector block stands for whose broker is elsewhere. Each
// source has a client of its own, with a session; all sinks share one.
type connection struct {
	*settings
	env    plugins.Env
	health *health

	once     sync.Once // makes out
	mu       sync.Mutex
	out      *publisher // nil until a sink is opened
	willLeft bool       // no client has been given the will
}

var (
	_ connectors.Bus    = (*connection)(nil)
	_ plugins.Monitored = (*connection)(nil)
)

func newConnection(c plugins.Config, env plugins.Env) (*connection, error) {
	s, err := settingsOf(c)
	if err != nil {
		return nil, err
	}
	return &connection{settings: s, env: env, health: &health{logger: env.Logger, place: s.place()}, willLeft: s.will != nil}, nil
}

// greets returns how a client introduces itself. The first one carries the will.
func (c *connection) greets(name string) greeting {
	g := greeting{
		clientID: name, keepAlive: uint16(seconds(c.keepAlive)), window: uint16(c.window), maxPacket: uint32(c.maxPacket),
		user: c.user, password: c.password.Reveal(), secretly: c.secretly,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.willLeft {
		g.will, c.willLeft = c.will, false
	}
	return g
}

// Reader implements [connectors.Bus].
func (c *connection) Reader(s connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	return newReader(c, s, env)
}

// Writer implements [connectors.Bus].
func (c *connection) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	w := &writer{conn: c, env: env}
	if p.Topic != "" {
		var err error
		if w.fixed, err = nameOf(p.Topic); err != nil {
			return nil, plugins.ConfigErrorf("topic", "%v", err)
		}
	}
	return w, nil
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus { return c.health.status() }

// publisher returns the client of the sinks, which begins to connect.
func (c *connection) publisher() *publisher {
	c.once.Do(func() {
		name := c.clientID + "-out"
		if !c.named {
			name = fmt.Sprintf("%s-%016x", name, rand.Uint64())
		}
		p := newPublisher(c, c.greets(name))
		p.start()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.out = p
	})
	return c.out
}

// Close implements [plugins.Closer].
func (c *connection) Close(context.Context) error {
	c.mu.Lock()
	p := c.out
	c.mu.Unlock()
	if p != nil {
		p.stop()
	}
	return nil
}
