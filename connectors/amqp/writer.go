package amqp

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"sync"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// writer is a sink that publishes records on a channel. When the channel is lost, everything
// that waits for its confirmation has failed, and is written again in order on another one.
type writer struct {
	conn  *connection
	env   plugins.Env
	fixed string             // routing key; "" where records have topics of their own
	keys  map[string]routing // of topics

	mu     sync.Mutex
	on     *channel // nil until it is needed
	been   bool     // there was one
	proved bool     // a record was confirmed
	limit  int64    // bytes of a record; what the server has told
	denied denials  // of records with topics of their own
	// failed is the first batch that has to come again before others do; nil for none.
	failed *plugins.Batch
}

// routing is what a topic is published with, or why it cannot be.
type routing struct {
	key string
	err error
}

var (
	_ plugins.Sink   = (*writer)(nil)
	_ plugins.Opener = (*writer)(nil)
	_ plugins.Closer = (*writer)(nil)
)

// Open implements [plugins.Opener].
func (w *writer) Open(ctx context.Context) error {
	_, err := w.channel(ctx)
	return err
}

// errBehind says that something is to be written before.
var errBehind = errors.New("the connection was lost, and what was written before comes first")

// Write implements [plugins.Sink]. The answer comes when the server has confirmed all records.
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	w.mu.Lock()
	first := w.failed
	w.failed = nil
	w.mu.Unlock()
	if first != nil && first != b {
		return errBehind // asked once: it may be that nobody writes the first again
	}
	ch, err := w.channel(ctx)
	if err != nil {
		return err
	}
	return ch.write(ctx, b, done)
}

// channel returns the channel, and opens one where there is none.
func (w *writer) channel(ctx context.Context) (*channel, error) {
	w.mu.Lock()
	on := w.on
	w.mu.Unlock()
	if on != nil && !on.isOver() {
		return on, nil
	}
	if on != nil {
		on.close()
	}
	up, err := w.conn.writing.wait(ctx, false)
	if err != nil {
		return nil, err
	}
	on, err = w.open(up)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		return nil, w.mild(err)
	}
	w.on, w.been = on, true
	return on, nil
}

// mild makes an error a temporary one where it has worked before. w.mu is held.
func (w *writer) mild(err error) error {
	if w.been {
		return passing(err)
	}
	return err
}

// prove notes that a record was confirmed.
func (w *writer) prove() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proved = true
}

// Flush implements [plugins.Sink]: nothing is held back.
func (w *writer) Flush(context.Context) error { return nil }

// Close implements [plugins.Closer].
func (w *writer) Close(context.Context) error {
	w.mu.Lock()
	on := w.on
	w.on = nil
	w.mu.Unlock()
	if on != nil {
		on.close()
	}
	return nil
}

// routing returns what a row is published with.
func (w *writer) routing(b *plugins.Batch, row uint32) (string, error) {
	if w.fixed != "" {
		return w.fixed, nil
	}
	own := b.Topic(row)
	if r, known := w.keys[string(own)]; known {
		return r.key, r.err
	}
	var r routing
	topic, err := connectors.ParseTopic(string(own))
	if r.err = err; err == nil {
		r.key, r.err = routingKeyOf(topic)
	}
	if len(w.keys) == maxKeys {
		clear(w.keys)
	}
	w.keys[string(own)] = r
	return r.key, r.err
}

// maxKeys bounds the topics that a writer knows by heart.
const maxKeys = 4096

// mildly is mild for an error that has ended a channel. That a user may not publish is told by the
// first record only. Which of several topics it is was learned: the others are written again.
func (w *writer) mildly(err error) error {
	if refused := refusedAccess(err); refused != nil && !w.proved && (w.fixed != "" || !notThisTopic.MatchString(refused.Reason)) {
		return err
	}
	return w.mild(err)
}

// tooLarge is what RabbitMQ closes a channel with when a record is larger than it takes.
var tooLarge = regexp.MustCompile(`^PRECONDITION_FAILED - message size \d+ (?:is )?larger than (?:configured )?max size (\d+)`)

// learn notes the largest record that the server takes, or the topic that it does not let the user
// have, where that is why it has closed the channel.
func (w *writer) learn(err *amqp091.Error) {
	if err == nil {
		return
	}
	if w.fixed == "" {
		w.mu.Lock()
		w.denied = w.denied.learn(err)
		w.mu.Unlock()
	}
	m := tooLarge.FindStringSubmatch(err.Reason)
	if m == nil {
		return
	}
	n, e := strconv.ParseInt(m[1], 10, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	if e == nil && n > 0 && n < w.limit {
		w.limit = n
		w.env.Logger.Info("the bus takes smaller records than max_message_bytes says", "stage", w.env.Stage, "bytes", n)
	}
}
