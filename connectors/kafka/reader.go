package kafka

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reader is a source of the records of topics.
//
// Three goroutines work on it besides those of its lanes: the poll loop, which
// Run itself is and which never waits for a lane; the committer; and the driver's,
// which calls when partitions come and go. What they share is under mu.
type reader struct {
	conn  *connection
	sub   connectors.Subscription
	names names
	env   plugins.Env
	seek  map[plugins.Partition]position

	ready  chan struct{} // closed when the fields up to known are set
	out    plugins.Outlet
	shares plugins.Assignments // nil where nobody is to be told of partitions
	client *kgo.Client
	admin  *kadm.Client
	cut    context.CancelFunc // ends what the client does, without leaving the group
	stop   context.CancelCauseFunc
	known  map[string]int // partitions that there were at the start, by topic

	committing sync.Mutex // held by who commits

	mu      sync.Mutex
	changed sync.Cond // of mu: room in a lane, lanes came or went, a poll ended
	lanes   map[plugins.Partition]*lane
	rewinds []*lane            // to be read again from where they stand
	wake    context.CancelFunc // ends the poll that goes on, nil for none
	busy    bool               // from before a poll until its records are in the lanes
	polls   int                // that have ended
	woken   bool               // the poll loop is to look around
	leaving bool               // the client is being closed
	fetched map[plugins.Partition]committed
}

var (
	_ plugins.Source = (*reader)(nil)
	_ plugins.Seeker = (*reader)(nil)
)

// Reader implements [connectors.Bus].
func (c *connection) Reader(s connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	names, err := namesOf(s.Topic)
	if err != nil {
		return nil, plugins.ConfigErrorf("topic", "%v", err)
	}
	r := &reader{
		conn: c, sub: s, names: names, env: env, ready: make(chan struct{}),
		seek: map[plugins.Partition]position{}, lanes: map[plugins.Partition]*lane{}, fetched: map[plugins.Partition]committed{},
	}
	r.changed.L = &r.mu
	return r, nil
}

// Seek implements [plugins.Seeker].
func (r *reader) Seek(positions map[plugins.Partition]plugins.Position) error {
	for p, at := range positions {
		decoded, err := decodePosition(at)
		if err != nil {
			return fmt.Errorf("the position of partition %d of %q: %w: forget what is stored of the source, or restore it from a copy", p.ID, p.Name, err)
		}
		r.seek[p] = decoded
	}
	return nil
}

// Run implements [plugins.Source].
func (r *reader) Run(ctx context.Context, out plugins.Outlet) error {
	r.out = out
	if !r.sub.Browse {
		r.shares, _ = out.(plugins.Assignments)
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.stop = stop
	defer r.conn.runs(r)()
	if err := r.conn.reach(run, r.prepare); err != nil {
		return cmp.Or(context.Cause(run), err)
	}
	life, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	cl, err := r.conn.client(append(r.conn.lasting(), append(r.options(), kgo.WithContext(life))...)...)
	if err != nil {
		return err
	}
	r.client, r.admin, r.cut = cl, kadm.NewClient(cl), cut
	close(r.ready)
	var beside sync.WaitGroup
	beside.Go(func() { r.askEnds(run) })
	if r.sub.Browse {
		beside.Go(func() { r.watch(run) })
	} else {
		beside.Go(func() { r.commitSteadily(run) })
	}
	r.poll(run)
	beside.Wait()
	r.finish(ctx)
	return context.Cause(run)
}

// fail ends Run.
func (r *reader) fail(err error) { r.stop(err) }

// prepare sees to it that the topic is there.
func (r *reader) prepare(ctx context.Context, admin *kadm.Client) error {
	r.known = map[string]int{}
	if r.names.pattern == nil {
		find := r.conn.ensure
		if r.sub.Browse {
			find = r.conn.look
		}
		found, err := find(ctx, admin, r.names.topic)
		r.known[r.names.topic] = found.partitions
		return r.conn.judge("read", err)
	}
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return r.conn.judge("list the topics of", err)
	}
	for _, t := range topics {
		if r.names.pattern.MatchString(t.Topic) {
			r.known[t.Topic] = len(t.Partitions)
		}
	}
	if len(r.known) == 0 {
		r.env.Logger.Info("no topic matches yet: those that come are read", "topic", r.names.topic)
	}
	return nil
}

// options are what the client is told for reading.
func (r *reader) options() []kgo.Opt {
	c := r.conn.config
	opts := []kgo.Opt{
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchMaxBytes(fetchBytes),
		kgo.FetchMaxWait(fetchWait),
		kgo.WithPools(new(recordPool)),
	}
	if c.String("isolation_level") != "read_uncommitted" {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if r.sub.Browse {
		return append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{}))
	}
	opts = append(
		opts,
		kgo.ConsumeTopics(r.names.subscription()),
		kgo.ConsumerGroup(r.sub.Group),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(c.Duration("session_timeout")),
		kgo.HeartbeatInterval(c.Duration("heartbeat_interval")),
		kgo.RebalanceTimeout(c.Duration("rebalance_timeout")),
		kgo.OnOffsetsFetched(r.offsetsFetched),
		kgo.AdjustFetchOffsetsFn(r.assigned),
		kgo.OnPartitionsRevoked(r.revoked),
		kgo.OnPartitionsLost(r.lost),
	)
	if r.names.pattern != nil {
		opts = append(opts, kgo.ConsumeRegex())
	}
	if id := c.String("group_instance_id"); id != "" {
		opts = append(opts, kgo.InstanceID(id))
	}
	return opts
}

// lastAcks is how long what is in flight at the end may take to be acknowledged.
const lastAcks = time.Second

// finish ends the lanes, commits what was acknowledged, and leaves the group.
// Where the pipeline stores nothing, what is in flight gets a while to be
// acknowledged: otherwise it comes again.
func (r *reader) finish(ctx context.Context) {
	r.mu.Lock()
	r.leaving = true
	lanes := r.takeLanes(nil)
	r.mu.Unlock()
	for _, l := range lanes {
		l.end()
	}
	if ctx.Err() != nil && r.env.Owner == "" {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAcks)
		for _, l := range lanes {
			l.settled(late)
		}
		cancel()
	}
	if !r.sub.Browse {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		if err := r.commit(late, lanes); err != nil {
			r.env.Logger.Warn("the last positions could not be committed: some records come again", "error", err)
		}
		cancel()
		r.leave(context.WithoutCancel(ctx))
	}
	for _, l := range lanes {
		l.forget()
	}
	r.client.CloseAllowingRebalance()
}

// takeLanes takes lanes out, those of ps or all of them; r.mu is held.
func (r *reader) takeLanes(ps []plugins.Partition) []*lane {
	var taken []*lane
	for p, l := range r.lanes {
		if ps == nil || slices.Contains(ps, p) {
			taken = append(taken, l)
			delete(r.lanes, p)
		}
	}
	r.changed.Broadcast()
	return taken
}
