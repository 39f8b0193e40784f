package amqp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/plugins"
)

// channel is one on which a writer publishes, with what waits for its confirmation.
// Confirmations come in the order of publication.
type channel struct {
	writer *writer
	up     *live
	ch     *amqp091.Channel
	ended  chan struct{} // closed when all is answered

	mu       sync.Mutex
	space    sync.Cond // of mu
	inFlight []sent    // a ring
	first, n int
	returned int   // of those in flight from the first, how many were looked at for returns
	over     error // why the channel is
}

// sent is a record that waits for its confirmation.
type sent struct {
	batch    *batch
	row      int // in Sel
	key      string
	returned string // why no queue takes it
}

// batch is what Write was given.
type batch struct {
	*plugins.Batch
	done   func(error)
	rows   int  // of Sel, from the front, that are done with
	last   int  // of Sel, the last one that was published; -1 for none
	sealed bool // all of it was published
	failed plugins.RowErrors
}

// open makes a channel that confirms.
func (w *writer) open(up *live) (on *channel, err error) {
	up.bounded(w.conn.options.connect, func() { on, err = w.begin(up) })
	return on, err
}

func (w *writer) begin(up *live) (*channel, error) {
	ch, err := up.Channel()
	if err != nil {
		return nil, w.conn.judge("open a channel", err)
	}
	c := &channel{writer: w, up: up, ch: ch, ended: make(chan struct{}), inFlight: make([]sent, w.conn.options.window)}
	c.space.L = &c.mu
	if err := c.begin(); err != nil {
		_ = ch.Close() // another error is being reported
		return nil, err
	}
	return c, nil
}

func (c *channel) begin() error {
	conn := c.writer.conn
	if err := conn.declareExchange(c.ch); err != nil {
		return err
	}
	closed := c.ch.NotifyClose(make(chan *amqp091.Error, 1))
	returns := c.ch.NotifyReturn(make(chan amqp091.Return, 64))
	confirms := c.ch.NotifyPublish(make(chan amqp091.Confirmation, 1024))
	if conn.options.confirms {
		if err := c.ch.Confirm(false); err != nil {
			return conn.judge("have records confirmed", err)
		}
	}
	go c.follow(closed, returns, confirms)
	return nil
}

// follow takes in what the server says until the channel is over.
func (c *channel) follow(closed <-chan *amqp091.Error, returns <-chan amqp091.Return, confirms <-chan amqp091.Confirmation) {
	defer close(c.ended)
	for open := true; open; {
		select {
		case r, ok := <-returns:
			if ok {
				c.giveBack(r)
			} else {
				returns = nil
			}
		case x, ok := <-confirms:
			if !ok {
				open = false
				break
			}
			for more := true; more; { // what was returned was so before it was confirmed
				select {
				case r, ok := <-returns:
					if ok {
						c.giveBack(r)
					}
					more = ok
				default:
					more = false
				}
			}
			if x.Ack {
				c.writer.prove()
				c.confirm()
			} else {
				c.fail(errRefused)
			}
		}
	}
	err := <-closed
	c.writer.learn(err)
	if err == nil {
		c.fail(errClosed)
		return
	}
	c.fail(c.writer.conn.judge("publish", err))
}

var errRefused = errors.New("the server could not take a record: a queue is full, or cannot be reached")

// write publishes a batch.
func (c *channel) write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	defer c.up.freeWhen(ctx)()
	x := &batch{Batch: b, done: done, last: -1}
	w := c.writer
	w.mu.Lock()
	limit, denied := w.limit, w.denied
	w.mu.Unlock()
	now := time.Now()
	for k, i := range b.Sel {
		key, err := w.routing(b, i)
		if err != nil {
			c.refuse(x, i, err.Error())
			continue
		}
		if why := denied.of(key, now); why != "" {
			c.refuse(x, i, why)
			continue
		}
		m := amqp091.Publishing{DeliveryMode: amqp091.Persistent, Timestamp: now, Body: b.Value(i)}
		if int64(len(m.Body)) > limit {
			c.refuse(x, i, fmt.Sprintf("the record has %d bytes, and the bus takes %d: see max_message_bytes of the connector, and max_message_size of the server", len(m.Body), limit))
			continue
		}
		if refused := describe(&m, b, i); refused != "" {
			c.refuse(x, i, refused)
			continue
		}
		if err := c.publish(ctx, x, k, key, m); err != nil {
			return c.breakOff(x, err)
		}
	}
	return c.seal(x)
}

// refuse notes that a record cannot be published.
func (c *channel) refuse(x *batch, row uint32, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x.failed = append(x.failed, plugins.Failure{Row: row, Code: "write", Msg: why})
}

// publish sends a record, when there is room for it.
func (c *channel) publish(ctx context.Context, x *batch, k int, key string, m amqp091.Publishing) error {
	options := &c.writer.conn.options
	if err := c.admit(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	if c.over != nil {
		c.mu.Unlock()
		return c.over
	}
	if options.confirms {
		c.inFlight[(c.first+c.n)%len(c.inFlight)] = sent{batch: x, row: k, key: key}
		c.n++
	}
	x.last = k
	c.mu.Unlock()
	if err := c.ch.Publish(options.exchange.name, key, options.mandatory, false, m); err != nil {
		return c.writer.conn.judge("publish", err)
	}
	return nil
}

// admit waits for room, and while the server takes no records.
func (c *channel) admit(ctx context.Context) error {
	if until, _ := c.up.isBlocked(); until != nil {
		select {
		case <-until:
		case <-c.up.lost:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n < len(c.inFlight) || c.over != nil {
		return c.over
	}
	defer context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.space.Broadcast()
	})()
	for c.n == len(c.inFlight) && c.over == nil && ctx.Err() == nil {
		c.space.Wait()
	}
	if c.over != nil {
		return c.over
	}
	return ctx.Err()
}

// seal says that all of a batch was published.
func (c *channel) seal(x *batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.writer.conn.options.confirms || x.rows > x.last:
		x.answer()
	case c.over != nil:
		return x.error(c.over)
	}
	x.sealed = true
	return nil
}

// breakOff ends the publication of a batch in the middle. What of it is on its way counts as
// not written, so the channel cannot be used any more.
func (c *channel) breakOff(x *batch, err error) error {
	c.fail(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	return x.error(err)
}

// error is what Write returns of a batch whose first records are done with.
func (x *batch) error(err error) error {
	if x.rows == 0 {
		return err
	}
	sel := x.Sel[:x.rows]
	var failed plugins.RowErrors
	for _, f := range x.failed {
		if f.Row <= sel[len(sel)-1] {
			failed = append(failed, f)
		}
	}
	return &plugins.PartialError{Done: x.rows, Failed: failed, Err: err}
}

// answer says that all of a batch is done with.
func (x *batch) answer() {
	if len(x.failed) > 0 {
		x.done(x.failed)
		return
	}
	x.done(nil)
}

// confirm notes that the server has the next record, and all before it.
func (c *channel) confirm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 || c.over != nil {
		return
	}
	s := c.inFlight[c.first]
	c.inFlight[c.first] = sent{}
	c.first = (c.first + 1) % len(c.inFlight)
	if c.n == len(c.inFlight) {
		c.space.Broadcast()
	}
	c.n--
	c.returned = max(0, c.returned-1)
	x := s.batch
	if s.returned != "" {
		x.failed = append(x.failed, plugins.Failure{Row: x.Sel[s.row], Code: "write", Msg: s.returned})
	}
	x.rows = s.row + 1
	if x.sealed && s.row == x.last {
		x.answer()
	}
}

// giveBack finds the record that no queue takes: the server returns them in the order of
// their publication.
func (c *channel) giveBack(r amqp091.Return) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := c.returned; k < c.n; k++ {
		s := &c.inFlight[(c.first+k)%len(c.inFlight)]
		if s.key == r.RoutingKey && bytes.Equal(s.batch.Value(s.batch.Sel[s.row]), r.Body) {
			c.returned = k + 1
			s.returned = fmt.Sprintf("no queue of the exchange %s takes records of the topic %s (%s): start who reads it before, bind a queue, or set mandatory = false", r.Exchange, r.RoutingKey, r.ReplyText)
			return
		}
	}
}

// fail ends the channel: all that waits for its confirmation has failed, in order.
func (c *channel) fail(err error) {
	w := c.writer
	w.mu.Lock()
	defer w.mu.Unlock() // a Write comes after all answers
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over != nil {
		return
	}
	err = w.mildly(err)
	c.over = err
	var last *batch
	for k := range c.n {
		x := c.inFlight[(c.first+k)%len(c.inFlight)].batch
		if x == last || !x.sealed {
			continue
		}
		last = x
		if w.failed == nil {
			w.failed = x.Batch
		}
		x.done(x.error(err))
	}
	clear(c.inFlight)
	c.n = 0
	c.space.Broadcast()
}

func (c *channel) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over != nil
}

// close ends the channel; what waits for its confirmation fails.
func (c *channel) close() {
	c.fail(errClosed)
	c.up.bounded(closeTime, func() { _ = c.ch.Close() }) // it is over in any case
	<-c.ended
}
