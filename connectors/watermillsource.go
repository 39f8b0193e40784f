package connectors

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/onstream/onstream/plugins"
)

// watermillSource reads with a Watermill subscriber.
type watermillSource struct {
	bus   *watermillBus
	topic string
	group string
	most  int // records of a batch; 0 for as many as is good
	env   plugins.Env
}

var _ plugins.Source = (*watermillSource)(nil)

const (
	mostRecords = 4096    // of a batch
	mostBytes   = 1 << 20 // of a batch, and of what is read ahead
)

// Run implements [plugins.Source].
func (s *watermillSource) Run(ctx context.Context, out plugins.Outlet) error {
	for attempt := 0; ; {
		began, err := s.subscribe(ctx, out)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if plugins.IsPermanent(err) {
			return err
		}
		if began {
			attempt = 0
		}
		attempt++
		if err = s.bus.failed(err); attempt == 1 {
			s.env.Logger.Warn("the topic cannot be read; it is tried again", "topic", s.topic, "error", err)
		}
		if err := s.env.Wait(ctx, s.bus.Backoff.Before(attempt)); err != nil {
			return err
		}
	}
}

// subscribe reads until the subscription ends, and returns why. Began says that there
// was one.
func (s *watermillSource) subscribe(ctx context.Context, out plugins.Outlet) (began bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	subscriber, err := s.bus.NewSubscriber(s.group)
	if err != nil {
		return false, fmt.Errorf("make the subscriber: %w", err)
	}
	defer func() {
		cancel() // most subscribers give up what nobody answers only then
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer stop()
		if err := within(last, "the subscriber", subscriber.Close); err != nil {
			s.env.Logger.Warn("a subscriber was not closed in order", "topic", s.topic, "error", err)
		}
	}()
	messages, err := subscriber.Subscribe(ctx, s.topic)
	if err != nil {
		return false, fmt.Errorf("subscribe to %s: %w", s.topic, err)
	}
	s.bus.worked()
	p := newPump(s.limit())
	var pumping sync.WaitGroup
	pumping.Go(func() { p.run(ctx, messages) })
	defer pumping.Wait()
	defer cancel()
	for {
		waiting, open := p.take(ctx)
		if len(waiting) > 0 {
			if err := out.Hand(ctx, s.delivery(out.Batch(), waiting)); err != nil {
				return true, err
			}
		}
		switch {
		case ctx.Err() != nil:
			return true, ctx.Err()
		case !open && len(waiting) == 0:
			return true, fmt.Errorf("the subscription to %s has ended", s.topic)
		}
	}
}

// limit returns how many messages make a batch.
func (s *watermillSource) limit() int {
	if s.most > 0 {
		return min(s.most, mostRecords)
	}
	return mostRecords
}

// delivery makes a batch of messages.
func (s *watermillSource) delivery(b *plugins.Batch, messages []*message.Message) plugins.Delivery {
	w := NewBuilder(b, plugins.Partition{Name: s.topic}, s.env.Framing)
	for _, m := range messages {
		w.Add(recordOf(m))
	}
	b = w.Batch()
	b.Offsets = nil // it has none
	b.Received = time.Now().UnixNano()
	return plugins.Delivery{
		Batch: b,
		Ack: func() {
			for _, m := range messages {
				m.Ack()
			}
		},
		Nack: func(error) {
			for _, m := range messages {
				m.Nack()
			}
		},
	}
}

// pump holds the messages that came while a batch was handed over, within bounds.
type pump struct {
	limit int

	mu      sync.Mutex
	waiting []*message.Message
	bytes   int
	open    bool
	came    chan struct{} // something to take, or the end
	taken   chan struct{} // room
}

func newPump(limit int) *pump {
	return &pump{limit: limit, open: true, came: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// run takes messages in until there are no more.
func (p *pump) run(ctx context.Context, messages <-chan *message.Message) {
	defer p.end()
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return
			}
			if !p.put(ctx, m) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// put adds a message, when there is room.
func (p *pump) put(ctx context.Context, m *message.Message) bool {
	p.mu.Lock()
	for len(p.waiting) >= p.limit || p.bytes >= mostBytes {
		p.mu.Unlock()
		select {
		case <-p.taken:
		case <-ctx.Done():
			return false
		}
		p.mu.Lock()
	}
	p.waiting = append(p.waiting, m)
	p.bytes += len(m.Payload)
	p.mu.Unlock()
	signal(p.came)
	return true
}

func (p *pump) end() {
	p.mu.Lock()
	p.open = false
	p.mu.Unlock()
	signal(p.came)
}

// take returns all that waits, at least one message unless no more come.
func (p *pump) take(ctx context.Context) (waiting []*message.Message, open bool) {
	for {
		p.mu.Lock()
		waiting, open = p.waiting, p.open
		p.waiting, p.bytes = nil, 0
		p.mu.Unlock()
		if len(waiting) > 0 || !open {
			signal(p.taken)
			return waiting, open
		}
		select {
		case <-p.came:
		case <-ctx.Done():
			return nil, false
		}
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
