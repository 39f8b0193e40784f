package connectors

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/onstream/onstream/plugins"
)

// Watermill is a Watermill pub/sub that is to be a bus.
type Watermill struct {
	// NewPublisher makes what topics are written with: once, when the first record is
	// written, and closed with the connection. Nil where nothing can be written.
	NewPublisher func() (message.Publisher, error)
	// NewSubscriber makes what a topic is read with, for a group: once for each
	// source, whose end closes it. Nil where nothing can be read.
	NewSubscriber func(group string) (message.Subscriber, error)
	// Close is called when the connection is closed, after what was made by the
	// above; nil for nothing to do.
	Close func(context.Context) error
	// Private is why no other process gets at the records, and what lets it; nil where others
	// do, as those of [Private.Private].
	Private error
	// Separator is what the names of topics have between levels; "." where empty.
	Separator string
	// Backoff is how long to wait before each attempt to make a publisher or
	// subscriber, and to subscribe; that of an empty retry block where zero.
	Backoff Backoff
}

// FromWatermill makes a bus of a Watermill pub/sub. A topic is one partition, which cannot
// be read from a position; what is not acknowledged comes again as far as the pub/sub
// sees to it. Where records begin and what a group is, it decides, too.
//
// All messages that wait are handed over at once. With most subscribers
// that is one, because they bring the next message when the last one is acknowledged:
// then as many records a second are read as sinks are flushed. Metadata become headers, as
// [MetadataKey] and its neighbours tell.
func FromWatermill(w Watermill) Bus {
	if w.Separator == "" {
		w.Separator = "."
	}
	if w.Backoff == (Backoff{}) {
		w.Backoff = BackoffOf(plugins.Config{})
	}
	return &watermillBus{Watermill: w}
}

// watermillBus is a connection.
type watermillBus struct {
	Watermill

	mu        sync.Mutex
	publisher message.Publisher // nil until it is needed
	status    plugins.ConnectionStatus
	failing   bool
}

var (
	_ Bus               = (*watermillBus)(nil)
	_ Private           = (*watermillBus)(nil)
	_ plugins.Monitored = (*watermillBus)(nil)
)

// Reader implements [Bus].
func (w *watermillBus) Reader(s Subscription, env plugins.Env) (plugins.Source, error) {
	switch {
	case w.NewSubscriber == nil:
		return nil, errors.New("topics cannot be read over this connection: it has no subscriber")
	case s.Topic.Pattern():
		return nil, plugins.ConfigErrorf("topic", "%q stands for several topics, and a Watermill subscriber reads one: write a stage for each, or a name that the subscriber takes for a pattern, with a / in it", string(s.Topic))
	case s.Browse:
		return nil, errors.New("a Watermill subscriber takes records away from others: one cannot look at a topic with it")
	case s.Start != StartEarliest && s.Start != "":
		env.Logger.Warn("where to start is left to the Watermill subscriber", "start", string(s.Start))
	}
	return &watermillSource{bus: w, topic: w.render(s.Topic), group: s.Group, most: s.MaxRecords, env: env}, nil
}

// Writer implements [Bus].
func (w *watermillBus) Writer(p Publication, env plugins.Env) (plugins.Sink, error) {
	if w.NewPublisher == nil {
		return nil, errors.New("topics cannot be written over this connection: it has no publisher")
	}
	return &watermillSink{bus: w, fixed: p.Topic, env: env}, nil
}

// Private implements [Private].
func (w *watermillBus) Private() error { return w.Watermill.Private }

func (w *watermillBus) render(t Topic) string { return t.Render(w.Separator, "*", ">") }

// publish gives messages to the publisher.
func (w *watermillBus) publish(topic string, messages []*message.Message) error {
	p, err := w.connected()
	if err != nil {
		return w.failed(fmt.Errorf("make the publisher: %w", err))
	}
	if err := p.Publish(topic, messages...); err != nil {
		return w.failed(fmt.Errorf("publish to %s: %w", topic, err))
	}
	w.worked()
	return nil
}

func (w *watermillBus) connected() (message.Publisher, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.publisher != nil {
		return w.publisher, nil
	}
	p, err := w.NewPublisher()
	if err == nil {
		w.publisher = p
	}
	return p, err
}

// failed and worked note how the connection is, as far as one can see from outside.
func (w *watermillBus) failed(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status.Connected, w.status.Err, w.failing = false, err.Error(), true
	return err
}

func (w *watermillBus) worked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing {
		w.status.Reconnects++
	}
	w.status.Connected, w.status.Err, w.failing = true, "", false
}

// Status implements [plugins.Monitored].
func (w *watermillBus) Status() plugins.ConnectionStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Close implements [plugins.Closer].
func (w *watermillBus) Close(ctx context.Context) error {
	w.mu.Lock()
	p := w.publisher
	w.publisher = nil
	w.mu.Unlock()
	var errs []error
	if p != nil {
		errs = append(errs, within(ctx, "the publisher", p.Close))
	}
	if w.Watermill.Close != nil {
		errs = append(errs, w.Watermill.Close(ctx))
	}
	return errors.Join(errs...)
}

// within calls a close that knows of no context, and does not wait for it longer
// than ctx lasts.
func within(ctx context.Context, what string, closing func() error) error {
	closed := make(chan error, 1)
	go func() { closed <- closing() }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s does not close: %w", what, ctx.Err())
	}
}
