package mongo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// connection is what a connector block stands for. Its client is made when a stage first needs it.
type connection struct {
	config   plugins.Config
	env      plugins.Env
	at       place
	database string
	tls      *tls.Config // nil for none
	backoff  connectors.Backoff
	outage   *connectors.Outage

	making  sync.Mutex
	made    *mongo.Client
	concern *writeconcern.WriteConcern // of writes; set with made
	secured bool                       // over TLS; set with made
	closed  bool
}

var _ plugins.Monitored = (*connection)(nil)

func newConnection(c plugins.Config, env plugins.Env) (*connection, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	at, err := parseURI(c.Secret("uri").Reveal())
	if err != nil {
		return nil, plugins.ConfigErrorf("uri", "%v", err)
	}
	at.secrets = append(at.secrets, c.Secret("password").Reveal())
	if at.user == "" {
		at.user = c.String("username")
	}
	secured, err := connectors.TLSOf(c)
	if err != nil {
		return nil, err
	}
	database := c.String("database")
	if database == "" {
		database = at.database
	}
	return &connection{
		config: c, env: env, at: at, database: database, tls: secured, backoff: connectors.BackoffOf(c),
		outage: connectors.NewOutageOf(env.Logger, "server", at.hosts),
	}, nil
}

// errClosed says that the pipeline has ended.
var errClosed = errors.New("the connection was closed")

// client returns the client, which connects on its own from then on. Only names of servers may have to be looked up first
// (mongodb+srv).
func (c *connection) client(ctx context.Context) (*mongo.Client, error) {
	type result struct {
		client *mongo.Client
		err    error
	}
	made := make(chan result, 1)
	go func() {
		client, err := c.make()
		made <- result{client, err}
	}()
	select {
	case r := <-made:
		return r.client, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *connection) make() (*mongo.Client, error) {
	c.making.Lock()
	defer c.making.Unlock()
	switch {
	case c.closed:
		return nil, plugins.Permanent(errClosed)
	case c.made != nil:
		return c.made, nil
	}
	o := c.clientOptions()
	c.concern, c.secured = o.WriteConcern, o.TLSConfig != nil
	client, err := mongo.Connect(o)
	if err != nil {
		return nil, c.try("connect", err)
	}
	c.made = client
	return client, nil
}

// db returns the database.
func (c *connection) db(ctx context.Context) (*mongo.Database, error) {
	client, err := c.client(ctx)
	if err != nil {
		return nil, err
	}
	return client.Database(c.database), nil
}

func (c *connection) clientOptions() *options.ClientOptions {
	o := options.Client().ApplyURI(c.config.Secret("uri").Reveal())
	if !c.at.options["appname"] {
		o.SetAppName("onstream")
	}
	if c.config.Has("username") {
		auth := options.Credential{}
		if o.Auth != nil {
			auth = *o.Auth
		}
		auth.Username, auth.Password, auth.PasswordSet = c.config.String("username"), c.config.Secret("password").Reveal(), true
		o.SetAuth(auth)
	}
	if c.tls != nil {
		o.SetTLSConfig(c.tls)
	}
	if !c.at.options["maxpoolsize"] {
		o.SetMaxPoolSize(uint64(c.config.Int("pool_size")))
	}
	if !c.at.options["connecttimeoutms"] {
		o.SetConnectTimeout(c.config.Duration("connect_timeout"))
	}
	if !c.at.options["serverselectiontimeoutms"] {
		o.SetServerSelectionTimeout(c.config.Duration("server_selection_timeout"))
	}
	if level := c.config.String("read_concern"); level != "" {
		o.SetReadConcern(&readconcern.ReadConcern{Level: level})
	} else if !c.at.options["readconcernlevel"] {
		o.SetReadConcern(readconcern.Majority())
	}
	// Commands of the driver's own, such as those that make collections, are confirmed like writes.
	o.SetWriteConcern(c.writeConcern(o.WriteConcern))
	return o
}

// writeConcern adds to what the URI says what the block does, and otherwise a majority and the journal.
func (c *connection) writeConcern(said *writeconcern.WriteConcern) *writeconcern.WriteConcern {
	w := writeconcern.WriteConcern{}
	if said != nil {
		w = *said
	}
	if name := c.config.String("write_concern"); name != "" {
		w.W = name
		if n, err := strconv.Atoi(name); err == nil {
			w.W = n
		}
	} else if w.W == nil {
		w.W = writeconcern.Majority().W
	}
	if c.config.Has("journal") || w.Journal == nil {
		journal := c.config.Bool("journal") || !c.config.Has("journal")
		w.Journal = &journal
	}
	return &w
}

// within bounds how long an operation may take.
func (c *connection) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.config.Duration("timeout"))
}

// quick is how long a server is looked for at the start before it is told that it cannot be reached.
const quick = time.Second

// startUp sees whether the server can be used. It waits for it where that is wanted.
func (c *connection) startUp(ctx context.Context, patient bool) error {
	for attempt := 1; ; attempt++ {
		err := c.ping(ctx)
		switch {
		case err == nil || ctx.Err() != nil || plugins.IsPermanent(err):
			return err
		case c.config.String("startup") == "fail" && !c.outage.WasReached():
			return plugins.Permanent(fmt.Errorf("%w: start it, correct uri, or let a pipeline wait for it with startup = \"wait\"", err))
		case !patient:
			return err
		}
		if err := c.env.Wait(ctx, c.backoff.Before(attempt)); err != nil {
			return err
		}
	}
}

func (c *connection) ping(ctx context.Context) error {
	looking, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	client, err := c.client(looking)
	if err == nil {
		err = client.Ping(looking, nil)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err = c.try("connect", err); err != nil && !plugins.IsPermanent(err) && !c.outage.WasReached() {
		err = c.explain(ctx, err)
	}
	return err
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus { return c.outage.Status() }

// Close implements [plugins.Closer].
func (c *connection) Close(ctx context.Context) error {
	c.making.Lock()
	defer c.making.Unlock()
	c.closed = true
	if c.made == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	if err := c.made.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) && ctx.Err() == nil {
		return fmt.Errorf("close the connection to %s: %w", c.at.hosts, err)
	}
	return nil
}
