package redis

import (
	"log/slog"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// health knows how the connection is: as the last command found it. It tells once
// that an outage began, and once that it is over.
type health struct {
	logger *slog.Logger
	place  string

	mu         sync.Mutex
	up         bool
	been       bool // it worked at some time
	down       bool // an outage that was told
	reconnects int64
	err        error
}

func (h *health) reached() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.up {
		return
	}
	if h.been {
		h.reconnects++
	}
	if h.down {
		h.logger.Info("the bus is reached", "bus", h.place)
	}
	h.up, h.been, h.down, h.err = true, true, false, nil
}

func (h *health) unreached(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.up, h.err = false, err
	if !h.down {
		h.down = true
		h.logger.Warn("the bus cannot be reached: it is tried again until it can", "bus", h.place, "error", err)
	}
}

// wasReached reports whether it has worked at some time.
func (h *health) wasReached() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.been
}

func (h *health) status() plugins.ConnectionStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := plugins.ConnectionStatus{Connected: h.up, Reconnects: h.reconnects}
	if h.err != nil {
		s.Err = h.err.Error()
	}
	return s
}
