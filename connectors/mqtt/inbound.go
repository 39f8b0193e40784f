package mqtt

// receipt is a message that is to be acknowledged: its packet's id, which is used again
// afterwards, and a number that is not.
type receipt struct {
	number int64
	id     uint16
	qos    byte
}

// inbound is this side's part of a session: what was received and is not finished. It
// outlives connections, as the broker's part does: what comes again after a reconnect
// and is still worked on, or was finished meanwhile, is not handed over twice.
type inbound struct {
	last int64
	open map[uint16]open // not acknowledged, by id
	// received are ids of QoS 2 that were acknowledged and that the broker has not
	// released yet.
	received map[uint16]bool
}

// open is a message that is not acknowledged.
type open struct {
	number int64
	done   bool // it could be, but there was no connection
}

func newInbound() *inbound {
	return &inbound{open: map[uint16]open{}, received: map[uint16]bool{}}
}

// fate is what is to be done with a message.
type fate int

const (
	fateNew     fate = iota // it is to be handed over
	fateKnown               // it is worked on
	fateSettled             // it is finished: the broker has to be told
)

// arrive notes a message with QoS 1 or 2. Where it is new, its receipt is returned.
func (s *inbound) arrive(m publication) (receipt, fate) {
	if s.received[m.id] && m.qos == 2 {
		return receipt{id: m.id, qos: 2}, fateSettled
	}
	if o, known := s.open[m.id]; known && m.dup {
		if o.done {
			return receipt{number: o.number, id: m.id, qos: m.qos}, fateSettled
		}
		return receipt{}, fateKnown
	}
	s.last++
	s.open[m.id] = open{number: s.last}
	return receipt{s.last, m.id, m.qos}, fateNew
}

// acknowledge appends the packets for messages that are finished.
func (s *inbound) acknowledge(to []byte, receipts []receipt) []byte {
	for _, r := range receipts {
		if s.knows(r) {
			to = s.settle(to, r)
		}
	}
	return to
}

// remember notes that messages are finished, for when they come again: there is no
// connection.
func (s *inbound) remember(receipts []receipt) {
	for _, r := range receipts {
		if s.knows(r) {
			s.open[r.id] = open{r.number, true}
		}
	}
}

// knows reports whether a receipt is of a message that is open. It may be of a session
// that is gone, or of before it was refused.
func (s *inbound) knows(r receipt) bool {
	o, known := s.open[r.id]
	return known && o.number == r.number
}

// settle appends the packet for one message.
func (s *inbound) settle(to []byte, r receipt) []byte {
	delete(s.open, r.id)
	if r.qos == 2 {
		s.received[r.id] = true
		return appendAck(to, typePubrec, r.id)
	}
	return appendAck(to, typePuback, r.id)
}

// release appends the answer to the broker's last word about a message of QoS 2.
func (s *inbound) release(to []byte, id uint16) []byte {
	delete(s.received, id)
	return appendAck(to, typePubcomp, id)
}

// refuse makes everything that is not acknowledged new when it comes again. It reports
// false where none of the messages is of those.
func (s *inbound) refuse(receipts []receipt) bool {
	for _, r := range receipts {
		if s.knows(r) {
			clear(s.open)
			return true
		}
	}
	return false
}

// reset forgets everything: the broker has.
func (s *inbound) reset() {
	clear(s.open)
	clear(s.received)
}
