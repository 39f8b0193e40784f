package connectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/onstream/onstream/plugins"
)

// SubscriberConfig says how to offer a bus as a Watermill subscriber.
type SubscriberConfig struct {
	Bus   Bus    // stays open when the subscriber is closed
	Group string // see [Subscription.Group]; "watermill" where empty
	Start Start  // [StartEarliest] where empty
	Since time.Time
	// Window is how many messages of one subscription may be without an answer: 1 where 0,
	// which is what Watermill promises. With more, order is kept only by those
	// who answer in order; after a nack, everything from that message on
	// comes again.
	Window int
	Logger *slog.Logger // of nothing where nil
}

// Subscriber is a bus as a Watermill [message.Subscriber].
//
// A message that is nacked comes again, before any later one of its partition;
// the bus is told of what is acknowledged up to the first that is not. What was not
// acknowledged when the subscription ends comes to the next one of the group. Headers
// of a record become metadata: see [MetadataKey].
type Subscriber struct {
	c   SubscriberConfig
	env plugins.Env

	mu     sync.Mutex
	closed bool
	stop   context.CancelFunc
	until  context.Context // Close
	all    sync.WaitGroup
}

var (
	_ message.Subscriber = (*Subscriber)(nil)

	errSubscriberClosed = errors.New("the subscriber is closed")
)

// NewSubscriber returns a subscriber. Nothing is connected before it subscribes.
func NewSubscriber(c SubscriberConfig) *Subscriber {
	if c.Group == "" {
		c.Group = "watermill"
	}
	if c.Start == "" {
		c.Start = StartEarliest
	}
	c.Window = max(c.Window, 1)
	s := &Subscriber{c: c, env: adapterEnv("subscriber", c.Logger)}
	s.until, s.stop = context.WithCancel(context.Background())
	return s
}

// Subscribe implements [message.Subscriber]. The channel is closed when ctx ends, with Close, or
// when the bus cannot be read any more, which is logged.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	parsed, err := ParseTopic(topic)
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", topic, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("subscribe to %s: %w", topic, errSubscriberClosed)
	}
	source, err := s.c.Bus.Reader(Subscription{Topic: parsed, Group: s.c.Group, Start: s.c.Start, Since: s.c.Since, MaxRecords: s.c.Window}, s.env)
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", topic, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(s.until, cancel)
	x := &subscribed{
		ctx: ctx, messages: make(chan *message.Message), slots: make(chan struct{}, s.c.Window),
		queues: map[plugins.Partition]*ackQueue{},
	}
	s.all.Go(func() {
		defer close(x.messages)
		defer detach()
		defer cancel()
		s.run(ctx, cancel, topic, source, x)
	})
	return x.messages, nil
}

// run reads until ctx ends. The source is stopped last, when it was told of all that was
// acknowledged until then.
func (s *Subscriber) run(ctx context.Context, cancel context.CancelFunc, topic string, source plugins.Source, x *subscribed) {
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- source.Run(reading, x)
		cancel()
	}()
	<-ctx.Done()
	x.close()
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errSubscriptionEnded) {
		s.env.Logger.Error("a subscription has ended", "topic", topic, "error", err)
	}
}

// Close implements [message.Subscriber]. It ends all subscriptions.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.all.Wait()
	return nil
}

// subscribed is the outlet of one subscription.
type subscribed struct {
	ctx      context.Context
	messages chan *message.Message
	slots    chan struct{} // as many as messages may be without an answer
	pool     plugins.Pool
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	queues map[plugins.Partition]*ackQueue
}

var errSubscriptionEnded = errors.New("the subscription has ended")

var _ plugins.Assignments = (*subscribed)(nil)

// Batch implements [plugins.Outlet].
func (x *subscribed) Batch() *plugins.Batch { return x.pool.Batch() }

// Done implements [plugins.Outlet].
func (x *subscribed) Done(plugins.Partition) {}

// Hand implements [plugins.Outlet]. It returns when all of it was sent once.
func (x *subscribed) Hand(ctx context.Context, d plugins.Delivery) error {
	q := x.queue(d.Batch.Part)
	if q == nil {
		d.Batch.Release()
		return errSubscriptionEnded
	}
	return q.add(ctx, d)
}

// queue returns that of a partition; nil when the subscription has ended.
func (x *subscribed) queue(p plugins.Partition) *ackQueue {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed || x.ctx.Err() != nil {
		return nil
	}
	q := x.queues[p]
	if q == nil {
		q = newAckQueue(x)
		x.queues[p] = q
		x.running.Go(q.run)
	}
	return q
}

// Assigned implements [plugins.Assignments]: the group's position rules, as there is no other.
func (x *subscribed) Assigned(_ context.Context, as []plugins.Assignment) (map[plugins.Partition]plugins.Position, error) {
	start := map[plugins.Partition]plugins.Position{}
	for _, a := range as {
		if a.Committed != nil {
			start[a.Partition] = a.Committed
		}
	}
	return start, nil
}

// Revoking implements [plugins.Assignments]. All are given up, whether or not they
// were finished in time.
func (x *subscribed) Revoking(ctx context.Context, ps []plugins.Partition) error {
	var errs []error
	for _, q := range x.take(ps) {
		errs = append(errs, q.drain(ctx))
		q.lose()
	}
	return errors.Join(errs...)
}

// Lost implements [plugins.Assignments].
func (x *subscribed) Lost(ps []plugins.Partition) {
	for _, q := range x.take(ps) {
		q.lose()
	}
}

func (x *subscribed) take(ps []plugins.Partition) []*ackQueue {
	x.mu.Lock()
	defer x.mu.Unlock()
	var taken []*ackQueue
	for _, p := range ps {
		if q := x.queues[p]; q != nil {
			taken = append(taken, q)
			delete(x.queues, p)
		}
	}
	return taken
}

// close returns when everything of a subscription that has ended has stopped, and the bus knows
// what will have no answer.
func (x *subscribed) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.running.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, q := range x.queues {
		q.refuse(errSubscriptionEnded)
	}
}
