package kafka

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
)

// health knows how the connection is. An attempt that fails while others are
// connected is no outage: the cluster is there.
type health struct {
	*connectors.Outage

	mu sync.Mutex
	// brokers are the connections to them: true for one that is open, false for one
	// that has ended before the hook below was told what became of it.
	brokers map[net.Conn]bool
}

var (
	_ kgo.HookBrokerConnect    = (*health)(nil)
	_ kgo.HookBrokerDisconnect = (*health)(nil)
)

func newHealth(o *connectors.Outage) *health {
	return &health{Outage: o, brokers: map[net.Conn]bool{}}
}

// OnBrokerConnect implements [kgo.HookBrokerConnect]. Where the broker was reached and then
// said nothing that could be understood, there are both a connection, which has ended, and an error.
func (h *health) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, conn net.Conn, err error) {
	h.mu.Lock()
	_, ended := h.brokers[conn]
	delete(h.brokers, conn)
	if err == nil && !ended {
		h.brokers[conn] = true
	}
	h.mu.Unlock()
	switch {
	case err != nil:
		h.unreached(err)
	case !ended:
		h.Reached()
	}
}

// OnBrokerDisconnect implements [kgo.HookBrokerDisconnect].
func (h *health) OnBrokerDisconnect(_ kgo.BrokerMetadata, conn net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.brokers[conn] {
		delete(h.brokers, conn)
		return
	}
	h.brokers[conn] = false
}

// unreached notes that an attempt to connect failed.
func (h *health) unreached(err error) {
	if !errors.Is(err, kgo.ErrClientClosed) && !h.connected() {
		h.Unreached(err)
	}
}

// connected reports whether any connection is open.
func (h *health) connected() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, open := range h.brokers {
		if open {
			return true
		}
	}
	return false
}
