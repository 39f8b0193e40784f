package mqtt

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
)

// publisher is the client of all sinks of a connection. It keeps the records that the
// broker has not confirmed, in order, and sends them again over the next connection.
type publisher struct {
	*connection
	hello  greeting
	cancel context.CancelFunc
	ended  chan struct{}
	tried  chan struct{} // closed when the first attempt has an outcome
	refuse error         // of the first attempt

	mu      sync.Mutex
	changed sync.Cond // of mu
	link    *link     // nil while there is none
	flights flights
	sent    int // of the flights, from the front, over this link
	over    bool
	suspicion
	topic      []byte // memory of one record's, and of its properties
	properties []byte
	replies    []reply
}

// reply is an answer that is due.
type reply struct {
	done func(error)
	err  error
}

var _ role = (*publisher)(nil)

func newPublisher(c *connection, hello greeting) *publisher {
	p := &publisher{connection: c, hello: hello, ended: make(chan struct{}), tried: make(chan struct{})}
	p.changed.L = &p.mu
	// The session is for this process: before MQTT 5 it could not be told to end with it.
	p.hello.clean = true
	if c.v5 {
		p.hello.expiry = seconds(5 * time.Minute)
	}
	return p
}

func (p *publisher) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() {
		defer close(p.ended)
		var once sync.Once
		c := &client{connection: p.connection, role: p, tireless: true, forget: true, first: func(err error) {
			p.refuse = err
			once.Do(func() { close(p.tried) })
		}}
		_ = c.run(ctx) // it ends with ctx only
		once.Do(func() { close(p.tried) })
	}()
}

// stop ends the client.
func (p *publisher) stop() {
	p.mu.Lock()
	p.over = true
	p.changed.Broadcast()
	p.mu.Unlock()
	p.cancel()
	<-p.ended
	p.mu.Lock()
	for p.flights.len() > 0 {
		if x := p.flights.pop(); x.order != nil {
			p.giveUp(x.order, errLeft)
		}
	}
	p.mu.Unlock()
	p.reply()
}

// open waits for the outcome of the first attempt to connect.
func (p *publisher) open(ctx context.Context) error {
	select {
	case <-p.tried:
	case <-ctx.Done():
		return ctx.Err()
	}
	if plugins.IsPermanent(p.refuse) {
		return p.refuse
	}
	return nil // it goes on trying
}

// greeting implements [role].
func (p *publisher) greeting() greeting { return p.hello }

// opened implements [role]. Everything that is not confirmed is sent again.
func (p *publisher) opened(l *link) error {
	p.hello.clean = !p.v5 // from now on, there is something to go on with
	p.mu.Lock()
	p.link, p.sent, p.confirmed = l, 0, false
	for i := range p.flights.len() {
		f := p.flights.at(i)
		switch {
		case f.order == nil:
			f.finished = true
		case l.present:
		case f.received:
			f.finished = true // the broker had it, and took it for its own
		default:
			f.sent = false // for this broker, it is a new one
		}
	}
	l.drained(func() {
		p.mu.Lock()
		p.pump()
		p.mu.Unlock()
		p.reply()
	})
	p.pump()
	p.mu.Unlock()
	p.reply()
	return nil
}

// closed implements [role].
func (p *publisher) closed(err error) {
	p.mu.Lock()
	p.link = nil
	if p.sent > 0 && p.accuse(err, p.flights.len()) {
		p.fail(p.flights.at(0), fmt.Sprintf("the broker ends the connection whenever it gets this record: %v", err))
		p.advance()
	}
	p.sent = 0
	p.mu.Unlock()
	p.reply()
}

// handle implements [role].
func (p *publisher) handle(k packet) error {
	a, err := parseAck(k, p.v5)
	if err != nil {
		return err
	}
	p.mu.Lock()
	i := p.flights.find(a.id)
	if i < 0 || i >= p.sent {
		if k.kind == typePubrec {
			p.link.write(func(b []byte) []byte { return appendAck(b, typePubrel, a.id) })
		}
		p.mu.Unlock()
		return nil
	}
	f := p.flights.at(i)
	switch {
	case k.kind == typePubrec && a.reason < 0x80:
		f.received = true
		p.link.write(func(b []byte) []byte { return appendAck(b, typePubrel, a.id) })
	case k.kind == typePuback, k.kind == typePubcomp, k.kind == typePubrec:
		p.confirm(i, f, a)
	default:
		p.mu.Unlock()
		return errUnexpected(k.kind)
	}
	p.confirmed = true
	p.pump()
	p.mu.Unlock()
	p.reply()
	return nil
}

// confirm notes the broker's answer about a record; p.mu is held.
func (p *publisher) confirm(i int, f *flight, a acknowledgement) {
	switch {
	case a.reason < 0x80 || f.order == nil:
	case forGood(a.reason):
		p.fail(f, fmt.Sprintf("topic %q of %s: %s", f.topic, p.place(), withWords(a.reason, a.says)))
		return
	default: // for a while: all that is behind it has to wait for it
		err := fmt.Errorf("topic %q of %s: %s", f.topic, p.place(), withWords(a.reason, a.says))
		for k := i; k < p.flights.len(); k++ {
			if o := p.flights.at(k).order; o != nil {
				p.giveUp(o, err)
			}
		}
	}
	f.finished = true
}

// fail makes a record one that the broker refuses for good; p.mu is held.
func (p *publisher) fail(f *flight, why string) {
	if f.order != nil {
		f.order.failed = append(f.order.failed, plugins.Failure{Row: f.row, Code: "write", Msg: why})
	}
	f.finished = true
}

// pump sends what may be sent, and takes what is finished out; p.mu is held.
func (p *publisher) pump() {
	p.advance()
	for p.link != nil && p.sent < p.flights.len() && p.sent < p.window() && p.link.roomy() {
		p.send(p.flights.at(p.sent))
		p.sent++
		p.advance()
	}
}

// window is how many records may wait for their confirmation; p.mu is held.
func (p *publisher) window() int {
	if p.alone {
		return 1
	}
	return min(p.settings.window, p.link.window)
}

// send sends a record over the link; p.mu is held.
func (p *publisher) send(f *flight) {
	switch {
	case f.finished:
		return
	case f.received:
		p.link.write(func(b []byte) []byte { return appendAck(b, typePubrel, f.id) })
		return
	}
	m, refused := p.publication(f)
	if refused != "" {
		p.fail(f, refused)
		return
	}
	sent := p.link.write(func(b []byte) []byte { return appendPublish(b, p.v5, m) })
	f.sent = f.sent || sent
	f.finished = sent && m.qos == 0 // that is all that can be known
}

// publication makes the packet of a record, or says why it cannot be one.
func (p *publisher) publication(f *flight) (m publication, refused string) {
	b := f.order.batch
	p.topic = append(p.topic[:0], f.topic...)
	m = publication{dup: f.sent && p.qos > 0, retain: p.retain, qos: p.qos, id: f.id, topic: p.topic, payload: b.Value(f.row)}
	if p.v5 {
		if p.properties, refused = appendProperties(p.properties[:0], b, f.row); refused != "" {
			return m, refused
		}
		m.properties = p.properties
	}
	switch size, limit := publishSize(p.v5, m)+5, min(p.link.maxPacket, p.maxPacket); {
	case size > p.link.maxPacket:
		refused = fmt.Sprintf("the record has %d bytes with its topic and headers, and %s takes %d", size, p.place(), limit)
	case size > p.maxPacket:
		refused = fmt.Sprintf("the record has %d bytes with its topic and headers, and max_packet_size of the connector is %d: raise it", size, limit)
	case m.qos > p.link.maxQoS:
		refused = fmt.Sprintf("%s takes no records with qos = %d: write qos = %d in the connector", p.place(), m.qos, p.link.maxQoS)
	case m.retain && !p.link.retains:
		refused = fmt.Sprintf("%s keeps no retained messages: leave retain out of the connector", p.place())
	}
	return m, refused
}

// advance takes the records out that are finished, from the front, and notes which
// batches can be answered; p.mu is held.
func (p *publisher) advance() {
	moved := false
	for p.flights.len() > 0 && p.flights.at(0).finished {
		x := p.flights.pop()
		p.sent = max(p.sent-1, 0)
		p.pass()
		moved = true
		if x.order != nil {
			p.finish(x.order)
		}
	}
	if moved {
		p.changed.Broadcast()
	}
}

// finish counts a record of a batch as finished; p.mu is held.
func (p *publisher) finish(o *order) {
	o.left--
	o.given++
	if o.left > 0 {
		return
	}
	var err error
	if len(o.failed) > 0 {
		err = o.failed
	}
	p.replies = append(p.replies, reply{o.done, err})
}

// giveUp answers a batch of which not all is finished; p.mu is held.
func (p *publisher) giveUp(o *order, err error) {
	p.disown(o)
	o.err = err
	if o.given > 0 {
		err = &plugins.PartialError{Done: o.given, Failed: o.failed, Err: err}
	}
	p.replies = append(p.replies, reply{o.done, err})
}

// disown forgets whose the records of a batch are; p.mu is held.
func (p *publisher) disown(o *order) {
	for i := range p.flights.len() {
		if f := p.flights.at(i); f.order == o {
			f.order = nil
		}
	}
}

// reply gives the answers that are due.
func (p *publisher) reply() {
	p.mu.Lock()
	due := p.replies
	p.replies = nil
	p.mu.Unlock()
	for _, r := range due {
		r.done(r.err)
	}
}
