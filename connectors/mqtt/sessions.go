package mqtt

import (
	"errors"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// sessions are those of an embedded broker that outlive their connection.
type sessions struct {
	most int

	mu  sync.Mutex
	all map[string]session // by the device's id
}

// session is one of them.
type session struct {
	last     *mochi.Client // its last connection
	received *received
}

func newSessions(most int) *sessions { return &sessions{most: most, all: map[string]session{}} }

// lasting reports whether a session outlives its connection.
func lasting(cl *mochi.Client) bool {
	if cl.Properties.ProtocolVersion == 5 {
		return cl.Properties.Props.SessionExpiryInterval > 0
	}
	return !cl.Properties.Clean
}

// enter notes a connection, and returns the one before it whose session there is, and what
// was received and not released in the session that it has. It reports false where a
// session would be one too many.
func (s *sessions) enter(cl *mochi.Client) (before *mochi.Client, was *received, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, known := s.all[cl.ID]
	before, was = x.last, x.received
	if !known || cl.Properties.Clean {
		was = newReceived()
	}
	switch {
	case !lasting(cl):
		delete(s.all, cl.ID)
	case !known && len(s.all) >= s.most:
		return nil, nil, false
	default:
		s.all[cl.ID] = session{cl, was}
	}
	return before, was, true
}

// end notes that the session of a connection is over, unless another one has it.
func (s *sessions) end(cl *mochi.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[cl.ID].last == cl {
		delete(s.all, cl.ID)
	}
}

var errSessions = errors.New("there are as many sessions as may be kept")

// turnAway answers a device whose session would be one too many.
func (h *hook) turnAway(cl *mochi.Client) {
	h.losses.add(h.broker.env.Logger, lossSessions, "client", cl.ID)
	reason := packets.ErrQuotaExceeded
	if cl.Properties.ProtocolVersion < 5 {
		reason = packets.ErrServerUnavailable
	}
	_ = h.server.SendConnack(cl, reason, false, nil) // it may have gone
	cl.Stop(errSessions)                             // so that the driver gives no other reason
}

// OnSessionEstablished implements [mochi.Hook]: what waited for the former connection waits
// for the new one now.
func (h *hook) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	if d := h.deviceOf(cl); d != nil && d.before != nil {
		h.queues.forget(d.before)
	}
}

// OnClientExpired implements [mochi.Hook]. The driver would keep the subscriptions.
func (h *hook) OnClientExpired(cl *mochi.Client) {
	h.sessions.end(cl)
	h.server.UnsubscribeClient(cl)
	cl.ClearInflights()
	h.queues.forget(cl)
}
