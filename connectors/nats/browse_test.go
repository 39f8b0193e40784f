package nats_test

import (
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// Who looks at a topic makes no stream, changes none, and leaves no consumer.
func TestLookingAtATopicMakesNone(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	js := client(t, b.url())
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, r.nested("consumer", map[string]any{"durable": "mine"})))
	named := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, r.nested("stream", map[string]any{"name": "all"})))
	look := func(topic connectors.Topic) connectors.Subscription {
		return connectors.Subscription{Topic: topic, Group: "g", Start: connectors.StartEarliest, Browse: true}
	}
	refused := func(bus connectors.Bus, topic connectors.Topic, said ...string) {
		t.Helper()
		wantPermanent(t, outcome(t, bus, look(topic), nil), said...)
	}
	refused(bus, "a.b", "no stream takes a.b, and to look at a topic makes none", "onstream topic ls")
	refused(bus, "a.>", "no stream takes a.>")
	refused(named, "a.b", "there is no stream all, and to look at a topic makes none")
	if err := open(t, named, "c.d"); err != nil {
		t.Fatal(err)
	}
	refused(named, "a.b", "stream all does not take a.b (it takes c, c.>)")

	if err := bustest.Put(t, named, "c.d", "x", "y"); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	stop := run(t, bus, look("c.d"), out, 2)
	_ = stop()
	var streams []string
	for info := range js.ListStreams(t.Context()).Info() {
		streams = append(streams, info.Config.Name)
		if info.State.Consumers != 0 {
			t.Errorf("stream %s has %d consumers", info.Config.Name, info.State.Consumers)
		}
		if s := info.Config.Subjects; info.Config.Name == "all" && !slices.Equal(s, []string{"c", "c.>"}) {
			t.Errorf("the stream takes %v", s)
		}
	}
	if !slices.Equal(streams, []string{"all"}) {
		t.Errorf("there are streams %v", streams)
	}
}

// What waits in a queue of work is given to who takes it out only.
func TestLookingAtAQueueOfWork(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	js := client(t, b.url())
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "a", Subjects: []string{"a.>"}, Retention: jetstream.WorkQueuePolicy}); err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	err := outcome(t, bus, connectors.Subscription{Topic: "a.b", Group: "g", Start: connectors.StartEarliest, Browse: true}, nil)
	wantPermanent(t, err, "stream a", "queue of work")
}
