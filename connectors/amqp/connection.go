package amqp

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// connection is what a connector block stands for.
type connection struct {
	options options
	env     plugins.Env
	place   string // of the server, for messages

	reading, writing *link
	links            sync.WaitGroup     // goroutines of links
	until            context.Context    // that links run
	stop             context.CancelFunc // of it
	sessions         sync.WaitGroup     // of sources that have ended, see session
	closing          chan struct{}
	once             sync.Once
}

var (
	_ connectors.Bus    = (*connection)(nil)
	_ plugins.Monitored = (*connection)(nil)
)

func newConnection(o options, env plugins.Env) *connection {
	c := &connection{options: o, env: env, place: placeOf(o), closing: make(chan struct{})}
	c.until, c.stop = context.WithCancel(context.Background())
	c.reading, c.writing = newLink(c, "read"), newLink(c, "write")
	return c
}

// placeOf names the server.
func placeOf(o options) string {
	u, err := url.Parse(o.url)
	if err != nil {
		return "the server"
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "amqps":
		port = "5671"
	default:
		port = "5672"
	}
	return u.Hostname() + ":" + port
}

// Reader implements [connectors.Bus].
func (c *connection) Reader(s connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	binding, err := bindingOf(s.Topic)
	if err != nil {
		return nil, plugins.ConfigErrorf("topic", "%v", err)
	}
	r := &reader{conn: c, sub: s, env: env, queue: queueName(c.options, s, binding), binding: binding}
	r.part = plugins.Partition{Name: binding}
	// Each record says its topic where they may differ.
	r.topics = strings.ContainsAny(binding, "*#") || c.options.bindingKey != "" || c.options.exchange.kind == "fanout" || c.options.exchange.kind == "headers"
	if k := c.options.bindingKey; k != "" {
		r.binding = k
	}
	return r, nil
}

// Writer implements [connectors.Bus].
func (c *connection) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	w := &writer{conn: c, env: env, limit: c.options.maxMessage, keys: map[string]routing{}}
	if p.Topic != "" {
		key, err := routingKeyOf(p.Topic)
		if err != nil {
			return nil, plugins.ConfigErrorf("topic", "%v", err)
		}
		w.fixed = key
	}
	return w, nil
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus {
	s := plugins.ConnectionStatus{Connected: c.reading.isStarted() || c.writing.isStarted()}
	c.reading.status(&s)
	c.writing.status(&s)
	return s
}

// Close implements [plugins.Closer].
func (c *connection) Close(ctx context.Context) error {
	c.once.Do(func() { close(c.closing) })
	c.sessions.Wait()
	c.stop()
	done := make(chan struct{})
	go func() { defer close(done); c.links.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
