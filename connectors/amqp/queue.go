package amqp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// queueName returns the queue of a subscription: as a group may read several topics, each
// in its own order, it is of both.
func queueName(o options, s connectors.Subscription, binding string) string {
	if o.queue.name != "" {
		return o.queue.name
	}
	name := s.Group + ":" + binding
	if len(name) > maxShort {
		sum := sha256.Sum256([]byte(name))
		name = name[:maxShort-1-2*16] + "#" + hex.EncodeToString(sum[:16])
	}
	return name
}

// declareExchange makes the exchange, or sees that it is there.
func (c *connection) declareExchange(ch *amqp091.Channel) error {
	e := c.options.exchange
	var err error
	if c.options.create && !strings.HasPrefix(e.name, "amq.") {
		err = ch.ExchangeDeclare(e.name, e.kind, e.durable, false, false, false, nil)
	} else {
		err = ch.ExchangeDeclarePassive(e.name, e.kind, e.durable, false, false, false, nil)
	}
	return c.judge("exchange "+e.name, err)
}

// arguments are those with which the queue is made.
func (o queueOptions) table() amqp091.Table {
	t := amqp091.Table{}
	for name, text := range o.arguments {
		t[name] = argument(text)
	}
	if o.quorum {
		t["x-queue-type"] = "quorum"
	}
	if o.single {
		t["x-single-active-consumer"] = true
	}
	return t
}

// declareQueue sees that the reader's queue is there, and that the exchange gives it what
// it is to get. Existing says that it must have been there before.
func (r *reader) declareQueue(ch *amqp091.Channel, existing bool) error {
	c, o := r.conn, r.conn.options
	what := "queue " + r.queue
	if existing || !o.create || r.sub.Start == connectors.StartCommitted {
		_, err := ch.QueueDeclarePassive(r.queue, o.queue.durable, false, false, false, o.queue.table())
		err = c.judge(what, err)
		e, _ := errors.AsType[*amqp091.Error](err)
		switch {
		case err == nil || !plugins.IsPermanent(err) || e == nil || e.Code != amqp091.NotFound:
		case existing && o.queue.durable:
			return plugins.Permanent(fmt.Errorf("%s at %s was deleted while it was read: what was in it is lost; start again to have it made anew", what, c.place))
		case existing:
			return errGone
		case r.sub.Start == connectors.StartCommitted:
			return plugins.Permanent(fmt.Errorf("the group %s has no %s at %s yet, and start = \"committed\" asks to go on where it stands: write start = \"earliest\", or name the group that is meant", r.sub.Group, what, c.place))
		}
		if err != nil || !o.create {
			return err
		}
	} else if _, err := ch.QueueDeclare(r.queue, o.queue.durable, false, false, false, o.queue.table()); err != nil {
		return c.judge(what, err)
	}
	return r.bind(ch, r.queue)
}

// errGone says that a queue that is not durable has gone with its server.
var errGone = errors.New("the queue is gone")

// bind has the exchange give a queue what the reader is to get.
func (r *reader) bind(ch *amqp091.Channel, queue string) error {
	if err := r.conn.declareExchange(ch); err != nil {
		return err
	}
	return r.attach(ch, queue)
}

// attach is bind where the exchange is there.
func (r *reader) attach(ch *amqp091.Channel, queue string) error {
	c := r.conn
	err := ch.QueueBind(queue, r.binding, c.options.exchange.name, false, nil)
	return c.judge(fmt.Sprintf("bind queue %s to exchange %s", queue, c.options.exchange.name), err)
}

// declareGlimpse makes a queue for this connection alone, to look at what is published. The
// exchange has to be there.
func (r *reader) declareGlimpse(ch *amqp091.Channel) (queue string, err error) {
	c, e := r.conn, r.conn.options.exchange
	err = c.judge("exchange "+e.name, ch.ExchangeDeclarePassive(e.name, e.kind, e.durable, false, false, false, nil))
	if refused, ok := errors.AsType[*amqp091.Error](err); ok && refused.Code == amqp091.NotFound {
		return "", plugins.Permanent(fmt.Errorf("there is no exchange %s at %s, and to look at a topic makes none: correct its name, or write something to it first", e.name, c.place))
	}
	if err != nil {
		return "", err
	}
	q, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return "", c.judge("make a queue", err)
	}
	return q.Name, r.attach(ch, q.Name)
}
