package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const (
	// soonest is how far apart questions about topics are at least.
	soonest = 100 * time.Millisecond
	// patience is how long what a stage does at its end may take, each.
	patience = 5 * time.Second
)

// connection is what a connector block stands for. Each stage has a client of
// its own, so that none holds up another.
type connection struct {
	config   plugins.Config
	env      plugins.Env
	servers  []string
	security security
	backoff  connectors.Backoff
	health   *health
	dial     dialer

	mu      sync.Mutex
	readers map[*reader]bool // that run
	running sync.WaitGroup   // of those
	logs    *kgo.Client      // of what stages leave to each other; nil while there is none
}

var (
	_ connectors.Bus     = (*connection)(nil)
	_ connectors.Browser = (*connection)(nil)
	_ plugins.Monitored  = (*connection)(nil)
)

func newConnection(c plugins.Config, env plugins.Env, dial dialer) (*connection, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	return &connection{
		config: c, env: env, dial: dial, servers: c.Strings("bootstrap_servers"), security: securityOf(c), backoff: connectors.BackoffOf(c),
		health: newHealth(connectors.NewOutage(env.Logger, place(c))), readers: map[*reader]bool{},
	}, nil
}

// place names the cluster in messages.
func place(c plugins.Config) string {
	return "kafka at " + strings.Join(c.Strings("bootstrap_servers"), ", ")
}

func (c *connection) place() string { return place(c.config) }

var errClosed = errors.New("the connection was closed")

// Close implements [plugins.Closer]. Readers that still run end.
func (c *connection) Close(ctx context.Context) error {
	c.mu.Lock()
	logs := c.logs
	for r := range c.readers {
		r.fail(errClosed)
	}
	c.mu.Unlock()
	if logs != nil {
		logs.Close()
	}
	ended := make(chan struct{})
	go func() {
		c.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the sources of the connection: %w", ctx.Err())
	}
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus { return c.health.Status() }

// runs notes that a reader runs, until the function that it returns is called.
func (c *connection) runs(r *reader) (over func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readers[r] = true
	c.running.Add(1)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.readers, r)
		c.running.Done()
	}
}

// readerOf returns the reader of a stage, nil where it has none that runs.
func (c *connection) readerOf(stage string) *reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r := range c.readers {
		if r.env.Stage == stage && !r.sub.Browse {
			return r
		}
	}
	return nil
}

// client returns a client, which connects when it is used.
func (c *connection) client(opts ...kgo.Opt) (*kgo.Client, error) {
	secure, err := c.security.options()
	if err != nil {
		return nil, err
	}
	age := c.config.Duration("metadata_max_age")
	common := []kgo.Opt{
		kgo.SeedBrokers(c.servers...),
		kgo.ClientID(c.config.String("client_id")),
		kgo.SoftwareNameAndVersion("onstream", "0"),
		kgo.DialTimeout(c.config.Duration("connect_timeout")),
		kgo.RetryBackoffFn(c.backoff.Before),
		kgo.MetadataMaxAge(age),
		kgo.MetadataMinAge(min(age, soonest)),
		kgo.DisableClientMetrics(),
		kgo.WithLogger(driverLog{c.env.Logger}),
	}
	if rack := c.config.String("rack"); rack != "" {
		common = append(common, kgo.Rack(rack))
	}
	if c.dial != nil {
		common = append(common, kgo.Dialer(c.dial))
	}
	cl, err := kgo.NewClient(slices.Concat(common, secure, opts)...)
	if err != nil {
		return nil, plugins.Permanent(fmt.Errorf("set up the client of %s: %w", c.place(), err))
	}
	return cl, nil
}

// lasting are the options of clients that go on for long: an end of the
// connection where none should be is an outage then, not a misunderstanding.
func (c *connection) lasting() []kgo.Opt {
	return []kgo.Opt{kgo.AlwaysRetryEOF(), kgo.WithHooks(c.health)}
}

// reach waits until the cluster answers, or trying again cannot mend why it
// does not, and calls with for what is to be done first.
func (c *connection) reach(ctx context.Context, with func(context.Context, *kadm.Client) error) error {
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, with)
		switch {
		case err == nil:
			c.health.Reached()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case plugins.IsPermanent(err):
			return err
		case c.config.String("startup") == "fail":
			return plugins.Permanent(fmt.Errorf("%w: start it, correct bootstrap_servers, or write startup = \"wait\"", err))
		}
		c.health.unreached(err)
		if err := c.env.Wait(ctx, c.backoff.Before(attempt)); err != nil {
			return err
		}
	}
}

// attempt asks the cluster once.
func (c *connection) attempt(ctx context.Context, with func(context.Context, *kadm.Client) error) error {
	var heard greeting
	cl, err := c.client(kgo.RequestRetries(2), kgo.RetryTimeout(c.config.Duration("connect_timeout")), kgo.WithHooks(&heard))
	if err != nil {
		return err
	}
	defer cl.Close()
	limited, cancel := context.WithTimeoutCause(ctx, c.config.Duration("connect_timeout"), errNoAnswer)
	defer cancel()
	doing := "reach"
	err = cl.Ping(limited)
	if err == nil && with != nil {
		doing = "ask"
		err = with(limited, kadm.NewClient(cl))
	}
	late := err != nil && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
	if late {
		err = context.Cause(limited)
	}
	if _, cut := errors.AsType[*kgo.ErrFirstReadEOF](err); cut || late && c.security.encrypted || misread(err) {
		err = c.whyCut(ctx, err, heard.understood.Load())
	}
	return c.judge(doing, err)
}

var errNoAnswer = errors.New("no answer within connect_timeout")

// Topics implements [connectors.Browser].
func (c *connection) Topics(ctx context.Context) ([]connectors.TopicInfo, error) {
	var infos []connectors.TopicInfo
	err := c.attempt(ctx, func(ctx context.Context, admin *kadm.Client) error {
		topics, err := admin.ListTopics(ctx)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		starts, err := admin.ListStartOffsets(ctx, topics.Names()...)
		if err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		ends, err := admin.ListEndOffsets(ctx, topics.Names()...)
		if err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		for _, t := range topics.Sorted() {
			infos = append(infos, connectors.TopicInfo{Name: t.Topic, Partitions: len(t.Partitions), Records: countOf(t, starts, ends)})
		}
		return nil
	})
	return infos, err
}

// countOf returns how many records a topic keeps, -1 where a partition does not
// tell.
func countOf(t kadm.TopicDetail, starts, ends kadm.ListedOffsets) int64 {
	var n int64
	for _, p := range t.Partitions.Numbers() {
		start, ok := starts.Lookup(t.Topic, p)
		end, known := ends.Lookup(t.Topic, p)
		if !ok || !known || start.Err != nil || end.Err != nil {
			return -1
		}
		n += end.Offset - start.Offset
	}
	return n
}

// driverLog passes on what the driver tells, for those who look for a mistake.
type driverLog struct{ logger *slog.Logger }

// Level implements [kgo.Logger].
func (l driverLog) Level() kgo.LogLevel {
	if l.logger.Enabled(context.Background(), slog.LevelDebug) {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelNone
}

// Log implements [kgo.Logger].
func (l driverLog) Log(_ kgo.LogLevel, msg string, keyvals ...any) {
	l.logger.Debug("driver: "+msg, keyvals...)
}
