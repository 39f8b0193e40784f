package amqp

import (
	"context"
	"errors"
	"sync"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// session is a channel on which a queue is read. What is not acknowledged when it ends
// comes again, in order: that is how records are brought back, because to refuse them
// one by one would put them out of order.
type session struct {
	reader *reader
	up     *live
	ch     *amqp091.Channel
	closed chan *amqp091.Error // of ch
	queue  string
	pump   *pump

	mu      sync.Mutex
	handed  uint64 // the last delivery that was handed over
	before  uint64 // the last of the batch before
	acked   uint64 // the last that was acknowledged, with all before it
	told    uint64 // the last of which the server knows
	nacked  bool
	changed chan struct{} // something to tell; room for one
	stop    context.CancelCauseFunc

	telling  sync.Mutex    // of tell
	finished chan struct{} // closed when the session is over
	asking   sync.Mutex    // of requests that the server answers on ch, one at a time
	teller   chan struct{} // closed when acknowledge has ended; nil before it runs
	running  sync.WaitGroup
}

var errNacked = errors.New("something was not finished")

func newSession(r *reader, up *live, ch *amqp091.Channel) *session {
	return &session{
		reader: r, up: up, ch: ch, queue: r.queue, pump: newPump(),
		closed: ch.NotifyClose(make(chan *amqp091.Error, 1)), changed: make(chan struct{}, 1), finished: make(chan struct{}),
	}
}

// begin has the server send records.
func (s *session) begin(existing bool) error {
	r, c := s.reader, s.reader.conn
	var err error
	if r.sub.Browse {
		s.queue, err = r.declareGlimpse(s.ch)
	} else {
		err = r.declareQueue(s.ch, existing)
	}
	if err != nil {
		return err
	}
	if err := s.ch.Qos(c.options.prefetch, 0, false); err != nil {
		return c.judge("read queue "+s.queue, err)
	}
	deliveries, err := s.ch.Consume(s.queue, "", false, false, false, false, nil)
	if err != nil {
		return c.judge("read queue "+s.queue, err)
	}
	s.running.Go(func() { s.pump.run(deliveries) })
	return nil
}

// run hands records over until ctx ends, the channel does, or something was not finished. It
// reports whether anything was acknowledged.
func (s *session) run(ctx context.Context, out plugins.Outlet) (useful bool, err error) {
	within, stop := context.WithCancelCause(ctx)
	s.stop = stop
	defer stop(nil)
	lost, teller := make(chan struct{}), make(chan struct{})
	s.teller = teller
	s.running.Go(func() {
		defer close(lost)
		var err *amqp091.Error
		select {
		case err = <-s.closed:
		case <-s.pump.dry: // of a queue that was deleted, the channel stays
			select {
			case err = <-s.closed: // the reason is told before
			default:
			}
		}
		if err != nil {
			stop(s.reader.conn.judge("read queue "+s.queue, err))
		}
		stop(errChannel)
	})
	s.running.Go(func() {
		defer close(teller)
		s.acknowledge(lost)
	})
	s.running.Go(func() { s.watch(within) })
	for within.Err() == nil {
		all := s.pump.take(within)
		waiting := all
		for len(waiting) > 0 && within.Err() == nil {
			n := s.reader.fit(waiting)
			last := waiting[n-1].DeliveryTag
			d := s.delivery(out.Batch(), waiting[:n], last)
			if err := out.Hand(within, d); err != nil {
				s.untake()
				stop(err) // of which, when it was stopped, the first reason counts
			}
			if s.reader.sub.Browse {
				s.ack(last)
			}
			waiting = waiting[n:]
		}
		clear(all) // so that nothing large stays
	}
	s.mu.Lock()
	useful = s.acked > 0
	s.mu.Unlock()
	err = context.Cause(within)
	if ctx.Err() != nil {
		s.leave()
		return useful, ctx.Err()
	}
	s.end()
	return useful, err
}

// errChannel says that a channel ended without a reason: the queue was deleted, or moves to
// another node.
var errChannel = errors.New("the server does not send records of the queue any more")

const (
	maxRows  = 4096    // of a batch
	maxBytes = 1 << 20 // of a batch, unless one record is larger
)

// fit returns how many of the deliveries make a batch.
func (r *reader) fit(waiting []amqp091.Delivery) int {
	most := maxRows
	if r.sub.MaxRecords > 0 {
		most = min(most, r.sub.MaxRecords)
	}
	size := 0
	for i := range waiting {
		size += len(waiting[i].Body)
		if i == most || i > 0 && size > maxBytes {
			return i
		}
	}
	return len(waiting)
}

// delivery makes a batch of deliveries of the server.
func (s *session) delivery(b *plugins.Batch, waiting []amqp091.Delivery, last uint64) plugins.Delivery {
	r := s.reader
	w := connectors.NewBuilder(b, r.part, r.env.Framing)
	var headers []connectors.RecordHeader
	for i := range waiting {
		record := connectors.Record{Value: waiting[i].Body, Time: waiting[i].Timestamp}
		if r.topics {
			record.Topic = waiting[i].RoutingKey
		}
		record.Key, headers = appendHeaders(headers[:0], &waiting[i])
		record.Headers = headers
		w.Add(record)
	}
	b = w.Batch()
	b.Offsets = nil // it has none
	b.Received = time.Now().UnixNano()
	if r.sub.Browse {
		return plugins.Delivery{Batch: b}
	}
	s.mu.Lock()
	s.before, s.handed = s.handed, last
	s.mu.Unlock()
	return plugins.Delivery{Batch: b, Ack: func() { s.ack(last) }, Nack: func(error) { s.nack() }}
}

// untake says that what was handed over last was not taken.
func (s *session) untake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handed = s.before
}

// ack notes that deliveries up to one are finished: they are acknowledged in order.
func (s *session) ack(last uint64) {
	s.mu.Lock()
	if !s.nacked {
		s.acked = max(s.acked, last)
	}
	s.mu.Unlock()
	wake(s.changed)
}

// nack ends the session: what was not acknowledged until now comes again.
func (s *session) nack() {
	s.mu.Lock()
	s.nacked = true
	s.mu.Unlock()
	s.stop(errNacked)
	wake(s.changed)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
