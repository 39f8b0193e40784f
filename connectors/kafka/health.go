package kafka

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/plugins"
)

// health knows how the connection is: an outage is when an attempt to connect
// failed while nothing is connected. It is told once that one began, and once
// that it is over.
type health struct {
	logger *slog.Logger
	place  string

	mu         sync.Mutex
	open       int  // connections to brokers
	down       bool // an outage
	been       bool // connected at some time
	reconnects int64
	err        error
}

var (
	_ kgo.HookBrokerConnect    = (*health)(nil)
	_ kgo.HookBrokerDisconnect = (*health)(nil)
)

// OnBrokerConnect implements [kgo.HookBrokerConnect].
func (h *health) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		h.unreached(err)
		return
	}
	h.mu.Lock()
	h.open++
	h.mu.Unlock()
	h.reached()
}

// OnBrokerDisconnect implements [kgo.HookBrokerDisconnect].
func (h *health) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
}

// unreached notes that an attempt to connect failed.
func (h *health) unreached(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open > 0 || errors.Is(err, kgo.ErrClientClosed) {
		return // others are connected: the cluster is there
	}
	h.err = err
	if h.down {
		return
	}
	h.down = true
	h.logger.Warn("the bus cannot be reached: it is tried again until it can", "bus", h.place, "error", err)
}

// reached notes that an attempt to connect succeeded.
func (h *health) reached() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		h.logger.Info("the bus is reached", "bus", h.place)
		if h.been {
			h.reconnects++
		}
	}
	h.down, h.been, h.err = false, true, nil
}

func (h *health) status() plugins.ConnectionStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := plugins.ConnectionStatus{Connected: h.been && !h.down, Reconnects: h.reconnects}
	if h.err != nil {
		s.Err = h.err.Error()
	}
	return s
}
