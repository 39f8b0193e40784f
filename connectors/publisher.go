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

// PublisherConfig says how to offer a bus as a Watermill publisher.
type PublisherConfig struct {
	Bus    Bus          // stays open when the publisher is closed
	Logger *slog.Logger // of nothing where nil
}

// Publisher is a bus as a Watermill [message.Publisher].
//
// Publish returns when the bus has confirmed every message, or with the error of
// those that it has not; then some may have been written, and who publishes them again
// writes those twice. Messages of one call, and of calls that follow each other,
// keep their order. The metadata of a message become headers: see [MetadataKey].
type Publisher struct {
	bus  Bus
	env  plugins.Env
	pool plugins.Pool

	mu      sync.Mutex
	writers map[string]*topicWriter
	closed  bool
	calls   sync.WaitGroup
}

// topicWriter is the sink of one topic.
type topicWriter struct {
	mu      sync.Mutex // sinks are called by one goroutine at a time
	sink    plugins.Sink
	waiting int // calls that want mu, under Publisher.mu
}

var (
	_ message.Publisher = (*Publisher)(nil)

	errPublisherClosed = errors.New("the publisher is closed")
)

// NewPublisher returns a publisher. Nothing is connected before the first message.
func NewPublisher(c PublisherConfig) *Publisher {
	return &Publisher{bus: c.Bus, env: adapterEnv("publisher", c.Logger), writers: map[string]*topicWriter{}}
}

// adapterEnv is what the adapters give a bus in place of the engine.
func adapterEnv(stage string, logger *slog.Logger) plugins.Env {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return plugins.Env{Pipeline: "watermill", Stage: stage, Now: time.Now, Logger: logger, Pool: &plugins.Pool{}}
}

// Publish implements [message.Publisher]. It ends early with the context of the first message.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	w, err := p.enter(topic)
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	defer p.calls.Done()
	b := NewBuilder(p.pool.Batch(), plugins.Partition{}, plugins.Framing{})
	for _, m := range messages {
		b.Add(recordOf(m))
	}
	ctx := messages[0].Context()
	answer := make(chan error, 1)
	batch := b.Batch()
	if err := p.write(ctx, w, batch, func(err error) { answer <- err }); err != nil {
		batch.Release()
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	select {
	case err = <-answer:
		batch.Release()
	case <-ctx.Done():
		err = ctx.Err() // the sink may still use the batch
	}
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

// enter returns the writer of a topic for a call that ends with calls.Done.
func (p *Publisher) enter(topic string) (*topicWriter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPublisherClosed
	}
	w := p.writers[topic]
	if w == nil {
		parsed, err := ParseTopic(topic)
		if err != nil {
			return nil, err
		}
		sink, err := p.bus.Writer(Publication{Topic: parsed}, p.env)
		if err != nil {
			return nil, err
		}
		w = &topicWriter{sink: sink}
		p.writers[topic] = w
	}
	w.waiting++
	p.calls.Add(1)
	return w, nil
}

// write gives a batch to the sink, and has it finish what it holds back when no other
// call waits to add to that.
func (p *Publisher) write(ctx context.Context, w *topicWriter, b *plugins.Batch, done func(error)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.mu.Lock()
	w.waiting--
	last := w.waiting == 0
	p.mu.Unlock()
	if err := w.sink.Write(ctx, b, done); err != nil {
		return err
	}
	if last {
		if err := w.sink.Flush(ctx); err != nil {
			p.env.Logger.Warn("a bus could not be flushed", "error", err)
		}
	}
	return nil
}

// closeTime is how long an adapter waits for what is under way.
const closeTime = 10 * time.Second

// Close implements [message.Publisher]. It waits for the calls that are under way.
func (p *Publisher) Close() error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	p.mu.Unlock()
	if closed {
		return nil
	}
	p.calls.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	var errs []error
	for _, w := range p.writers {
		if c, ok := w.sink.(plugins.Closer); ok {
			errs = append(errs, c.Close(ctx))
		}
	}
	return errors.Join(errs...)
}
