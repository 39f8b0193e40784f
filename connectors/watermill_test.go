package connectors_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/plugins"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// pubSub is a Watermill pub/sub of functions.
type pubSub struct {
	subscribe func(ctx context.Context, topic string) (<-chan *message.Message, error)
	publish   func(topic string, messages ...*message.Message) error
	closed    sync.Once
	done      chan struct{}
}

func (p *pubSub) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	return p.subscribe(ctx, topic)
}

func (p *pubSub) Publish(topic string, messages ...*message.Message) error {
	return p.publish(topic, messages...)
}

func (p *pubSub) Close() error {
	if p.done != nil {
		p.closed.Do(func() { close(p.done) })
	}
	return nil
}

func subscriberOf(subscribe func(ctx context.Context, topic string) (<-chan *message.Message, error)) connectors.Bus {
	return connectors.FromWatermill(connectors.Watermill{
		NewSubscriber: func(string) (message.Subscriber, error) { return &pubSub{subscribe: subscribe}, nil },
		Backoff:       connectors.Backoff{First: time.Millisecond, Most: time.Millisecond},
	})
}

func publisherOf(publish func(topic string, messages ...*message.Message) error) connectors.Bus {
	return connectors.FromWatermill(connectors.Watermill{
		NewPublisher: func() (message.Publisher, error) { return &pubSub{publish: publish}, nil },
	})
}

func env() plugins.Env {
	return plugins.Env{
		Pipeline: "p", Stage: "source.in", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: &plugins.Pool{},
		Framing: plugins.Framing{Terminator: []byte("\n")},
	}
}

// read starts a source until the test ends or stop is called.
func read(t *testing.T, bus connectors.Bus, topic connectors.Topic, out plugins.Outlet) (stop func() error) {
	t.Helper()
	source, err := bus.Reader(connectors.Subscription{Topic: topic, Group: "g", Start: connectors.StartEarliest}, env())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = source.Run(ctx, out)
	}()
	stop = func() error {
		cancel()
		<-ended
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to be that %s", what)
		}
	}
}

// messages returns a subscription that brings n messages at once.
func messages(n int) []*message.Message {
	all := make([]*message.Message, n)
	for i := range all {
		all[i] = message.NewMessage(fmt.Sprint("u", i), fmt.Append(nil, i))
	}
	return all
}

// acked reports whether all messages were answered so.
func acked(all []*message.Message, want func(*message.Message) <-chan struct{}) bool {
	return !slices.ContainsFunc(all, func(m *message.Message) bool {
		select {
		case <-want(m):
			return false
		default:
			return true
		}
	})
}

func TestWhatWaitsIsHandedOverTogether(t *testing.T) {
	t.Parallel()
	all := messages(5000)
	channel := make(chan *message.Message)
	bus := subscriberOf(func(context.Context, string) (<-chan *message.Message, error) { return channel, nil })
	out := &counting{}
	out.Block()
	read(t, bus, "a.b", out)
	for _, m := range all[:100] { // they wait while the first is handed over
		channel <- m
	}
	out.Unblock()
	eventually(t, "they come", func() bool { return len(out.Records()) == 100 })
	if n := out.count(); n > 3 {
		t.Errorf("100 messages that waited came in %d batches", n)
	}
	eventually(t, "they are acknowledged", func() bool { return acked(all[:100], (*message.Message).Acked) })
	for i, r := range out.Records() {
		if r.Value != fmt.Sprint(i) || r.Part.Name != "a.b" || !slices.Equal(r.Headers, []bustest.Header{{Name: connectors.HeaderUUID, Value: fmt.Sprint("u", i)}}) {
			t.Fatalf("record %d is %+v", i, r)
		}
	}
}

// counting counts the batches.
type counting struct {
	bustest.Outlet
	mu sync.Mutex
	n  int
}

func (c *counting) Hand(ctx context.Context, d plugins.Delivery) error {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Outlet.Hand(ctx, d)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestReadingAheadIsBounded(t *testing.T) {
	t.Parallel()
	channel := make(chan *message.Message)
	bus := subscriberOf(func(context.Context, string) (<-chan *message.Message, error) { return channel, nil })
	out := &bustest.Outlet{}
	out.Block()
	read(t, bus, "t", out)
	large := make([]byte, 100<<10)
	sent := 0
	for full := false; !full; {
		select {
		case channel <- message.NewMessage("u", large):
			sent++
		case <-time.After(200 * time.Millisecond): // nobody takes it
			full = true
		}
	}
	if sent > 30 {
		t.Errorf("%d messages of 100 KiB were taken in while none was handed over", sent)
	}
	out.Unblock()
	eventually(t, "all come", func() bool { return len(out.Records()) == sent })
}

func TestUnfinishedMessagesAreNacked(t *testing.T) {
	t.Parallel()
	all := messages(3)
	channel := make(chan *message.Message, 3)
	for _, m := range all {
		channel <- m
	}
	bus := subscriberOf(func(context.Context, string) (<-chan *message.Message, error) { return channel, nil })
	out := &bustest.Outlet{}
	out.Hold()
	read(t, bus, "t", out)
	eventually(t, "all came", func() bool { return len(out.Records()) == 3 })
	if acked(all[:1], (*message.Message).Acked) {
		t.Error("a message was acknowledged before its record was")
	}
	out.Nack(errors.New("not finished"))
	out.Free()
	if !acked(all[:1], (*message.Message).Nacked) {
		t.Error("a message whose record was not finished is not nacked")
	}
}

func TestASubscriptionThatEndsIsMadeAgain(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	attempts := 0
	bus := subscriberOf(func(ctx context.Context, _ string) (<-chan *message.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		attempts++
		if attempts%2 == 1 {
			return nil, errors.New("the server is away")
		}
		channel := make(chan *message.Message, 1)
		channel <- message.NewMessage("", fmt.Append(nil, attempts))
		close(channel)
		return channel, nil
	})
	out := &bustest.Outlet{}
	stop := read(t, bus, "t", out)
	eventually(t, "several came", func() bool { return len(out.Records()) > 3 })
	if s := bus.(plugins.Monitored).Status(); s.Reconnects == 0 {
		t.Errorf("the status is %+v", s)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAPermanentErrorEndsTheSource(t *testing.T) {
	t.Parallel()
	bus := subscriberOf(func(context.Context, string) (<-chan *message.Message, error) {
		return nil, plugins.Permanent(errors.New("no such topic"))
	})
	source, err := bus.Reader(connectors.Subscription{Topic: "t"}, env())
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Run(t.Context(), &bustest.Outlet{}); err == nil || err.Error() != "subscribe to t: no such topic" {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatWatermillCannot(t *testing.T) {
	t.Parallel()
	nothing := connectors.FromWatermill(connectors.Watermill{})
	subscriber := subscriberOf(nil)
	kind := connectors.WatermillKind("own", plugins.Schema{}, nil)
	pattern := plugins.NewConfig(map[string]any{"topic": "a.*"})
	for says, try := range map[string]func() error{
		"topics cannot be read over this connection: it has no subscriber": func() error {
			_, err := nothing.Reader(connectors.Subscription{Topic: "t"}, env())
			return err
		},
		"topics cannot be written over this connection: it has no publisher": func() error {
			_, err := nothing.Writer(connectors.Publication{Topic: "t"}, env())
			return err
		},
		`topic: "a.*" stands for several topics, and a Watermill subscriber reads one`: func() error {
			_, err := subscriber.Reader(connectors.Subscription{Topic: "a.*"}, env())
			return err
		},
		"a Watermill subscriber takes records away from others": func() error {
			_, err := subscriber.Reader(connectors.Subscription{Topic: "t", Browse: true}, env())
			return err
		},
		`topic: "a.*" stands for several topics, and a connection of kind own reads one`: func() error {
			_, err := kind.Reads(pattern)
			return err
		},
	} {
		if err := try(); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("the error is %v, and should begin with %s", err, says)
		}
	}
	if can, err := kind.Reads(plugins.NewConfig(map[string]any{"topic": "a"})); err != nil || can.Seekable || !can.Redelivers || !strings.Contains(can.Weakens, "for each flush of a sink") {
		t.Errorf("the capabilities are %+v, %v", can, err)
	}
}

func TestOneRefusalOfAPublisher(t *testing.T) {
	t.Parallel()
	var published []string
	fail := true
	bus := publisherOf(func(topic string, messages ...*message.Message) error {
		if topic == "b" && fail {
			fail = false
			return errors.New("the server is away")
		}
		for _, m := range messages {
			published = append(published, topic+"="+string(m.Payload))
		}
		return nil
	})
	sink, err := bus.Writer(connectors.Publication{}, env())
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{})
	for i, topic := range []string{"a", "a b", "a", "b", "b", "a"} {
		w.Add(connectors.Record{Topic: topic, Value: fmt.Append(nil, i)})
	}
	b := w.Batch()
	err = sink.Write(t.Context(), b, func(error) { t.Error("a write that failed was answered") })
	var part *plugins.PartialError
	if !errors.As(err, &part) || part.Done != 3 || len(part.Failed) != 1 || part.Failed[0].Row != 1 || part.Err.Error() != "publish to b: the server is away" {
		t.Fatalf("the error is %#v", err)
	}
	if s := bus.(plugins.Monitored).Status(); s.Connected || s.Err == "" {
		t.Errorf("the status is %+v", s)
	}
	b.Sel = b.Sel[part.Done:]
	var answer error
	if err := sink.Write(t.Context(), b, func(err error) { answer = err }); err != nil || answer != nil {
		t.Fatal(err, answer)
	}
	if got := strings.Join(published, " "); got != "a=0 a=2 b=3 b=4 a=5" {
		t.Errorf("published was %s", got)
	}
	if s := bus.(plugins.Monitored).Status(); !s.Connected || s.Reconnects != 1 {
		t.Errorf("the status is %+v", s)
	}
}

func memoryBus(t *testing.T) connectors.Bus {
	t.Helper()
	var r plugins.Registry
	if err := memory.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("memory")
	c, err := kind.New(bustest.Block(kind.Schema, nil), env())
	if err != nil {
		t.Fatal(err)
	}
	return c.(connectors.Bus)
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	bus := memoryBus(t)
	p := connectors.NewPublisher(connectors.PublisherConfig{Bus: bus})
	m := message.NewMessage("the-uuid", []byte("payload"))
	m.Metadata.Set("b", "2")
	m.Metadata.Set("a", "\x00\xff")
	m.Metadata.Set(connectors.MetadataKey, "k")
	m.Metadata.Set(connectors.MetadataOffset, "99") // from where it was read
	if err := p.Publish("t.x", m); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	read(t, bus, "t.x", out)
	eventually(t, "it came", func() bool { return len(out.Records()) == 1 })
	want := []bustest.Header{{Name: "a", Value: "\x00\xff"}, {Name: "b", Value: "2"}, {Name: connectors.HeaderUUID, Value: "the-uuid"}}
	if r := out.Records()[0]; r.Key != "k" || r.Value != "payload" || !slices.Equal(r.Headers, want) {
		t.Errorf("the record is %+v", r)
	}
	s := connectors.NewSubscriber(connectors.SubscriberConfig{Bus: bus, Group: "other"})
	channel, err := s.Subscribe(t.Context(), "t.x")
	if err != nil {
		t.Fatal(err)
	}
	got := <-channel
	got.Ack()
	if got.UUID != "the-uuid" || string(got.Payload) != "payload" {
		t.Errorf("the message is %s %q", got.UUID, got.Payload)
	}
	at := got.Metadata[connectors.MetadataTime]
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
		t.Error(err)
	}
	delete(got.Metadata, connectors.MetadataTime)
	if s := fmt.Sprintf("%q", got.Metadata); s != `map["a":"\x00\xff" "b":"2" "onstream_key":"k" "onstream_offset":"0" "onstream_partition":"0" "onstream_topic":"t.x"]` {
		t.Errorf("its metadata are %s", s)
	}
	if err := errors.Join(s.Close(), p.Close(), s.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	if err := p.Publish("t", m); err == nil || err.Error() != "publish to t: the publisher is closed" {
		t.Errorf("after it is closed, the error is %v", err)
	}
	if _, err := s.Subscribe(t.Context(), "t"); err == nil || err.Error() != "subscribe to t: the subscriber is closed" {
		t.Errorf("after it is closed, the error is %v", err)
	}
}

func TestANackBringsAllAfterItAgain(t *testing.T) {
	t.Parallel()
	bus := memoryBus(t)
	p := connectors.NewPublisher(connectors.PublisherConfig{Bus: bus})
	defer p.Close()
	if err := p.Publish("t", messages(6)...); err != nil {
		t.Fatal(err)
	}
	s := connectors.NewSubscriber(connectors.SubscriberConfig{Bus: bus, Window: 4})
	channel, err := s.Subscribe(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	var held []*message.Message
	for range 4 {
		held = append(held, <-channel)
	}
	select {
	case m := <-channel:
		t.Fatalf("%s came although as many as the window holds are not answered", m.UUID)
	case <-time.After(20 * time.Millisecond): // one that is wrong comes at once
	}
	held[0].Ack()
	held[2].Ack()
	held[1].Nack()
	held[3].Ack()
	var got []string
	for !slices.Contains(got, "u1") || got[len(got)-1] != "u5" { // answers are looked at one beside the other
		m := <-channel
		m.Ack()
		got = append(got, m.UUID)
	}
	if at := slices.Index(got, "u1"); at < 0 || !slices.Equal(got[at:], []string{"u1", "u2", "u3", "u4", "u5"}) {
		t.Errorf("after the nack of u1 came %v", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	again := connectors.NewSubscriber(connectors.SubscriberConfig{Bus: bus})
	defer again.Close()
	if channel, err = again.Subscribe(t.Context(), "t"); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish("t", message.NewMessage("last", nil)); err != nil {
		t.Fatal(err)
	}
	m := <-channel
	m.Ack()
	if m.UUID != "last" {
		t.Errorf("%s came again although it was acknowledged", m.UUID)
	}
}

func TestPublishTellsWhatWasRefused(t *testing.T) {
	t.Parallel()
	p := connectors.NewPublisher(connectors.PublisherConfig{Bus: memoryBus(t)})
	defer p.Close()
	for topic, says := range map[string]string{
		"a b": `publish to a b: "a b" cannot be the name of a topic`,
		"t":   "publish to t: 1 records failed, the first: the record has 67108865 bytes",
	} {
		if err := p.Publish(topic, message.NewMessage("u", make([]byte, 64<<20+1))); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("the error is %v, and should begin with %s", err, says)
		}
	}
	if err := p.Publish("t"); err != nil {
		t.Errorf("nothing cannot be published: %v", err)
	}
}
