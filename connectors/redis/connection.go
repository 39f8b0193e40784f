package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// connection is what a connector block stands for.
type connection struct {
	options options
	env     plugins.Env
	place   string // of the server, for messages
	secured bool   // over TLS
	client  goredis.UniversalClient
	outage  *connectors.Outage

	members sync.WaitGroup // of readers that have ended, see member
	closing chan struct{}
	once    sync.Once
}

var (
	_ connectors.Bus     = (*connection)(nil)
	_ connectors.Browser = (*connection)(nil)
	_ plugins.Monitored  = (*connection)(nil)
)

// maxConnections bounds the connections to one server: each partition that is read has
// one, and so has each sink.
const maxConnections = 1024

func newConnection(o options, env plugins.Env) (*connection, error) {
	secured, err := o.tls()
	if err != nil {
		return nil, err
	}
	logging.Disable() // the driver's own, to standard error; errors are returned
	c := &connection{options: o, env: env, place: strings.Join(o.addrs, ", "), secured: secured != nil, closing: make(chan struct{})}
	c.outage = connectors.NewOutage(env.Logger, c.place)
	c.client = goredis.NewUniversalClient(&goredis.UniversalOptions{
		Addrs: o.addrs, IsClusterMode: o.cluster, MasterName: o.masterName, DB: o.db,
		Username: o.username, Password: o.password.Reveal(),
		SentinelUsername: o.sentinelUsername, SentinelPassword: o.sentinelPassword.Reveal(),
		TLSConfig: secured, ClientName: "onstream", DisableIdentity: true, Protocol: 2,
		// What failed is tried again here, in order.
		MaxRetries: -1, DialerRetries: 1, DialTimeout: o.connect, ReadTimeout: o.block + o.readTimeout, WriteTimeout: o.readTimeout,
		ContextTimeoutEnabled: true, PoolSize: maxConnections, PoolTimeout: o.readTimeout,
		ReadBufferSize: 64 << 10, WriteBufferSize: 64 << 10,
	})
	return c, nil
}

// Reader implements [connectors.Bus].
func (c *connection) Reader(s connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	base, err := baseOf(s.Topic)
	if err != nil {
		return nil, plugins.ConfigErrorf("topic", "%v", err)
	}
	r := &reader{connection: c, sub: s, env: env, base: base}
	for p := range c.options.partitions {
		r.parts = append(r.parts, plugins.Partition{Name: base, ID: int32(p)})
	}
	return r, nil
}

// Writer implements [connectors.Bus].
func (c *connection) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	w := &writer{connection: c, env: env, targets: map[string]*target{}, valueField: c.options.valueField}
	if p.Topic != "" {
		base, err := baseOf(p.Topic)
		if err != nil {
			return nil, plugins.ConfigErrorf("topic", "%v", err)
		}
		w.fixed, w.at = base, newTarget(base, c.options.partitions, nil)
	}
	return w, nil
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus { return c.outage.Status() }

// Close implements [plugins.Closer].
func (c *connection) Close(ctx context.Context) error {
	c.once.Do(func() { close(c.closing) })
	c.members.Wait()
	if err := c.client.Close(); err != nil && !errors.Is(err, goredis.ErrClosed) {
		return fmt.Errorf("close the connection to %s: %w", c.place, err)
	}
	return nil
}

// startUp sees whether the server can be used. It waits for it where that is wanted.
func (c *connection) startUp(ctx context.Context, patient bool) error {
	for attempt := 1; ; attempt++ {
		err := c.try("connect", c.client.Ping(ctx).Err())
		if err != nil && attempt == 1 && !plugins.IsPermanent(err) && !c.outage.WasReached() {
			err = c.explain(ctx, err)
		}
		switch {
		case err == nil || ctx.Err() != nil || plugins.IsPermanent(err):
			return err
		case c.options.failAtStart && !c.outage.WasReached():
			return plugins.Permanent(fmt.Errorf("%w: start it, correct addrs, or let a pipeline wait for it with startup = \"wait\"", err))
		case !patient:
			return err
		}
		if err := c.env.Wait(ctx, c.options.backoff.Before(attempt)); err != nil {
			return err
		}
	}
}

// finishTime is how long the server may take with the last words of a reader.
const finishTime = 3 * time.Second

// newName returns one that nobody else has.
func newName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
