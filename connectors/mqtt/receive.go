package mqtt

import (
	"fmt"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

var _ role = (*reader)(nil)

// greeting implements [role].
func (r *reader) greeting() greeting { return r.hello }

// opened implements [role]. It subscribes: that says what is read also where the session
// has a subscription of before.
func (r *reader) opened(l *link) error {
	switch {
	case r.sub.Start == connectors.StartCommitted && !r.connected && !l.present:
		return plugins.Permanent(fmt.Errorf("%s has no session of %q, and start = \"committed\" asks to go on with it: write start = \"earliest\" or \"latest\", or correct group and client_id", r.place(), r.hello.clientID))
	case r.connected && r.keeps && !l.present:
		r.env.Logger.Warn("the broker has lost the session: what it kept for the source is gone", "stage", r.desk.env.Stage, "bus", r.place(), "client", r.hello.clientID)
	case r.filter.pattern && !l.patterns:
		return r.unsubscribed(r.filter.text, reasonWildcards, "")
	case r.share != "" && !l.shares:
		return r.unsubscribed(r.filter.text, reasonShares, "")
	}
	packet, err := r.request.encode(l.v5)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	// Where the session is there it has the subscription, and before MQTT 5 asking again
	// would bring all that is retained again.
	if l.v5 || !l.present || !r.connected {
		l.write(func(b []byte) []byte { return append(b, packet...) })
	}
	r.connected = true
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	if !l.present {
		r.inbound.reset()
	}
	r.link = l
	return nil
}

// closed implements [role].
func (r *reader) closed(error) {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	r.link = nil
	r.desk.changed.Broadcast()
}

// handle implements [role].
func (r *reader) handle(p packet) error {
	switch p.kind {
	case typePublish:
		m, err := parsePublish(p, r.v5)
		if err != nil {
			return err
		}
		return r.receive(m, p)
	case typePubrel:
		a, err := parseAck(p, r.v5)
		if err != nil {
			return err
		}
		r.desk.mu.Lock()
		defer r.desk.mu.Unlock()
		r.link.write(func(b []byte) []byte { return r.inbound.release(b, a.id) })
		return nil
	case typeSuback:
		return r.subscribed(p)
	}
	return errUnexpected(p.kind)
}

// subscribed looks at what the broker says about the topic.
func (r *reader) subscribed(p packet) error {
	granted, says, err := parseSuback(p, r.v5)
	switch {
	case err != nil:
		return err
	case granted >= 0x80:
		return r.unsubscribed(r.filter.text, granted, says)
	case granted < r.qos && !r.granted:
		r.env.Logger.Warn("the broker grants a lower quality of service than is asked for: what the plan promises does not hold", "stage", r.desk.env.Stage, "topic", r.filter.text, "asked", r.qos, "granted", granted)
	}
	r.granted = true
	return nil
}

// receive puts a message on the page. It waits while that is full, and with it the
// connection: that is the back-pressure.
func (r *reader) receive(m publication, p packet) error {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	var got receipt
	if m.qos > 0 {
		var what fate
		got, what = r.inbound.arrive(m)
		switch {
		case what == fateKnown:
			return nil
		case what == fateSettled, !r.wants(m):
			r.link.write(func(b []byte) []byte { return r.inbound.settle(b, got) })
			return nil
		}
	} else if !r.wants(m) {
		return nil
	}
	for r.desk.full() && !r.desk.stopping && r.link.cause() == nil {
		r.desk.changed.Wait()
	}
	if r.desk.stopping || r.link.cause() != nil {
		delete(r.inbound.open, got.id) // it comes again
		return r.link.cause()
	}
	receipts := r.one[:0]
	if m.qos > 0 {
		receipts = append(receipts, got)
	}
	if err := r.desk.put(m, r.filter, receipts...); err != nil {
		return err
	}
	if p.size > len(p.body) {
		r.desk.page.fail(fmt.Sprintf("a message of topic %q has %d bytes, more than max_packet_size: raise that of the connector", m.topic, p.size))
	}
	return nil
}

// wants reports whether a message is for the stage; desk.mu is held.
func (r *reader) wants(m publication) bool {
	if !r.filter.matches(m.topic) {
		return false
	}
	// Of a session that was there, and of start = "latest", what is retained is old. MQTT 5
	// does not send it.
	return !m.retain || r.v5 || r.sub.Start != connectors.StartLatest && !r.link.present
}
