package connectors_test

import (
	"context"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// single is a bus with one topic of three records, which notes what becomes of them.
type single struct {
	connectors.Bus
	answers chan string
}

// Reader implements [connectors.Bus].
func (b single) Reader(connectors.Subscription, plugins.Env) (plugins.Source, error) { return b, nil }

// Run implements [plugins.Source].
func (b single) Run(ctx context.Context, out plugins.Outlet) error {
	for _, text := range []string{"a", "b", "c"} {
		w := connectors.NewBuilder(out.Batch(), plugins.Partition{Name: "t"}, plugins.Framing{})
		w.Add(connectors.Record{Value: []byte(text)})
		err := out.Hand(ctx, plugins.Delivery{
			Batch: w.Batch(),
			Ack:   func() { b.answers <- text + " is finished" },
			Nack:  func(error) { b.answers <- text + " is not" },
		})
		if err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

// What has no answer when a subscription ends will have none: the bus is told, so that the next one of the group does not wait.
func TestWhatASubscriptionLeavesIsNacked(t *testing.T) {
	t.Parallel()
	bus := single{answers: make(chan string, 10)}
	s := connectors.NewSubscriber(connectors.SubscriberConfig{Bus: bus, Window: 3})
	messages, err := s.Subscribe(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	(<-messages).Ack()
	<-messages
	<-messages
	if got := <-bus.answers; got != "a is finished" {
		t.Error(got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	close(bus.answers)
	var left []string
	for got := range bus.answers {
		left = append(left, got)
	}
	if len(left) != 2 || left[0] != "b is not" || left[1] != "c is not" {
		t.Errorf("of what had no answer, the bus was told %q", left)
	}
}
