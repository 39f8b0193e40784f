package bustest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/onstream/onstream/connectors"
)

// Watermill runs the suite that all Watermill pub/subs must pass against a bus offered as a
// publisher and subscriber: once with one unanswered message at a time, as the suite demands of
// those that keep order, and once with 256, where TestNoAck cannot be passed by design and the
// test of the order is run beside.
func Watermill(t *testing.T, bus Bus) {
	g := newRig(t, bus)
	features := tests.Features{
		ConsumerGroups:                      g.Features.Groups,
		GuaranteedOrder:                     g.reads.Ordered,
		GuaranteedOrderWithSingleSubscriber: true, // the messages of a topic are not of one key
		Persistent:                          true,
		ForceShort:                          testing.Short(),
	}
	for _, c := range []struct {
		name   string
		window int
	}{{"window_1", 1}, {"window_256", 256}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			features := features
			features.GuaranteedOrder = features.GuaranteedOrder && c.window == 1
			tests.TestPubSub(t, features, g.pubSub(c.window), g.groupPubSub(c.window))
		})
	}
	if g.partitions() > 1 || !g.reads.Ordered {
		return
	}
	t.Run("order_with_window_256", func(t *testing.T) {
		t.Parallel()
		features := features
		tests.TestPublishSubscribeInOrder(t, tests.TestContext{TestID: tests.NewTestID(), Features: features}, g.pubSub(256))
	})
}

func (g *rig) pubSub(window int) tests.PubSubConstructor {
	return func(t *testing.T) (message.Publisher, message.Subscriber) {
		return g.groupPubSub(window)(t, "watermill")
	}
}

func (g *rig) groupPubSub(window int) tests.ConsumerGroupPubSubConstructor {
	return func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		conn := g.connect(t, g.Addr)
		sub := connectors.NewSubscriber(connectors.SubscriberConfig{Bus: conn, Group: group, Window: window})
		pub := connectors.NewPublisher(connectors.PublisherConfig{Bus: conn})
		t.Cleanup(func() { // some tests of the suite do not close what they had made
			if err := errors.Join(pub.Close(), sub.Close()); err != nil {
				t.Error(err)
			}
		})
		return pub, &joiner{Subscriber: sub, rig: g, t: t, group: group, closed: make(chan struct{})}
	}
}

// joiner is a subscriber that can join a group before anything is published, for buses that
// keep nothing for those who were never there.
type joiner struct {
	message.Subscriber
	rig   *rig
	t     *testing.T
	group string

	closed  chan struct{}
	once    sync.Once
	passing sync.WaitGroup
}

// Subscribe implements [message.Subscriber]. What was written to see whether another group reads is
// left out.
func (j *joiner) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	all, err := j.Subscriber.Subscribe(ctx, topic)
	if err != nil || j.rig.earliest() {
		return all, err
	}
	messages := make(chan *message.Message)
	j.passing.Go(func() {
		defer close(messages)
		for m := range all {
			if string(m.Payload) == probe {
				m.Ack()
				continue
			}
			select {
			case messages <- m:
			case <-j.closed:
			}
		}
	})
	return messages, nil
}

// Close implements [message.Subscriber].
func (j *joiner) Close() error {
	j.once.Do(func() { close(j.closed) })
	err := j.Subscriber.Close()
	j.passing.Wait()
	return err
}

// SubscribeInitialize implements [message.SubscribeInitializer].
func (j *joiner) SubscribeInitialize(topic string) error {
	g := j.rig
	if g.earliest() {
		return nil
	}
	r := g.read(j.t, g.connect(j.t, g.Addr), subscription{topic: topic, group: j.group}, &Outlet{})
	g.prime(j.t, r, topic)
	r.Stop(j.t)
	return nil
}

// Functions of Watermill whose goroutines its own suite leaves behind now and
// then, when it has passed: for goleak.IgnoreAnyFunction.
const (
	WatermillCopies = "github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func2"
	WatermillCloses = "github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func3"
)
