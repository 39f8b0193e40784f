package mqtt

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reader is a source of what is published to a topic, or to those of a pattern.
//
// Two goroutines work on it: the client's, which puts messages on a page, and
// Run's, which hands pages over; acknowledgements come from any.
type reader struct {
	*connection
	sub     connectors.Subscription
	filter  filter
	request request
	hello   greeting
	keeps   bool // the broker keeps a session
	outlet  plugins.Outlet

	desk    desk[receipt]
	inbound *inbound // under desk.mu
	link    *link    // under desk.mu; nil while there is none

	// Of the client's goroutine:
	connected bool // at some time
	granted   bool // the broker has let the topic be read
	one       [1]receipt
}

var _ plugins.Source = (*reader)(nil)

func newReader(c *connection, s connectors.Subscription, env plugins.Env) (*reader, error) {
	f, err := filterOf(s.Topic)
	if err != nil {
		return nil, plugins.ConfigErrorf("topic", "%v", err)
	}
	r := &reader{connection: c, sub: s, filter: f, keeps: c.lasting() && c.qos > 0 && !s.Browse, inbound: newInbound()}
	r.desk.init(f.text, env, s.MaxRecords)
	r.request = request{id: requestID, filter: f.text, qos: c.qos, retain: retainedIfNew}
	if c.share != "" && !s.Browse {
		r.request.filter = "$share/" + c.share + "/" + f.text
	}
	if s.Start == connectors.StartLatest {
		r.request.retain = retainedNone
	}
	// A session is of one subscription, so that nothing else waits for it at the broker.
	of := fnv.New32a()
	_, _ = of.Write([]byte(r.request.filter)) // never fails
	name := fmt.Sprintf("%s-%s-%08x", c.clientID, s.Group, of.Sum32())
	if s.Browse {
		name = fmt.Sprintf("%s-%016x", name, rand.Uint64())
	}
	r.hello = c.greets(name)
	r.hello.clean = !r.keeps
	if r.keeps {
		r.hello.expiry = seconds(c.expiry)
	}
	return r, nil
}

// Run implements [plugins.Source].
func (r *reader) Run(ctx context.Context, out plugins.Outlet) error {
	r.outlet = out
	r.desk.open(out)
	// The client outlives ctx by what is needed to acknowledge what was handed over.
	connected, disconnect := context.WithCancel(context.WithoutCancel(ctx))
	defer disconnect()
	handing, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c := &client{connection: r.connection, role: r, forget: !r.keeps}
		fail(c.run(connected))
	}()
	if _, err := r.desk.handAll(handing, out, r.acknowledge, r.refuse); err != nil {
		fail(err)
	}
	r.desk.stop()
	if ctx.Err() != nil {
		r.desk.settle()
	}
	disconnect()
	<-ended
	r.desk.close().raw.Release()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(handing)
}

// acknowledge tells the broker that messages are safe.
func (r *reader) acknowledge(receipts []receipt) {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	if r.link == nil || !r.link.write(func(b []byte) []byte { return r.inbound.acknowledge(b, receipts) }) {
		r.inbound.remember(receipts)
	}
}

// requestID is the id of the only packet of a reader that has one. It is none that a broker
// begins with, as some take theirs for the same numbers.
const requestID = maxText

var errRefused = errors.New("the pipeline did not finish what it was given: it is read again")

// refuse makes all that is not acknowledged come again, as MQTT has it: with a new
// connection.
func (r *reader) refuse(receipts []receipt, err error) {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	if !r.inbound.refuse(receipts) {
		return // it comes again already, or cannot
	}
	r.desk.clear(r.outlet)
	if r.link != nil {
		r.link.abandon(fmt.Errorf("%w: %w", errRefused, err))
	}
}
