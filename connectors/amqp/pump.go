package amqp

import (
	"context"
	"sync"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// pump gathers the deliveries that come while a batch is handed over. The server sends
// prefetch_count of them at most.
type pump struct {
	came chan struct{} // something to take; room for one
	dry  chan struct{} // closed when nothing comes any more
	end  chan struct{}
	once sync.Once

	mu      sync.Mutex
	waiting []amqp091.Delivery
	spare   []amqp091.Delivery
}

func newPump() *pump {
	return &pump{came: make(chan struct{}, 1), dry: make(chan struct{}), end: make(chan struct{})}
}

// run takes deliveries in until there are no more.
func (p *pump) run(deliveries <-chan amqp091.Delivery) {
	defer close(p.dry)
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return
			}
			p.mu.Lock()
			p.waiting = append(p.waiting, d)
			p.mu.Unlock()
			wake(p.came)
		case <-p.end:
			for range deliveries { // until the channel, which is closed, has nothing more
			}
			return
		}
	}
}

func (p *pump) stop() { p.once.Do(func() { close(p.end) }) }

// take returns all that waits, at least one delivery unless ctx ends. It is valid until the
// next call.
func (p *pump) take(ctx context.Context) []amqp091.Delivery {
	for {
		p.mu.Lock()
		waiting := p.waiting
		if len(waiting) > 0 {
			p.waiting = p.spare[:0]
			p.spare = waiting
		}
		p.mu.Unlock()
		if len(waiting) > 0 {
			return waiting
		}
		select {
		case <-p.came:
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *pump) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}
