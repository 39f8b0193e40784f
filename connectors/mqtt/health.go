package mqtt

import (
	"log/slog"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// health knows how the clients of a connection are. That there is an outage is
// logged once for all of them, and that it is over.
type health struct {
	logger *slog.Logger
	place  string

	mu         sync.Mutex
	up         int
	down       map[*client]bool
	reconnects int64
	err        error
}

// unreached notes that a client is not connected. What trying again cannot mend is
// told to who opens the bus, and is no outage.
func (h *health) unreached(c *client, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	if plugins.IsPermanent(err) {
		return
	}
	if len(h.down) == 0 {
		h.logger.Warn("the bus cannot be reached: it is tried again until it can", "bus", h.place, "error", err)
		h.down = map[*client]bool{}
	}
	h.down[c] = true
}

// reached notes that a client is connected.
func (h *health) reached(c *client, again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.up++
	if again {
		h.reconnects++
	}
	h.recover(c)
}

// recover takes a client out of those that are not connected; h.mu is held.
func (h *health) recover(c *client) {
	if !h.down[c] {
		return
	}
	delete(h.down, c)
	if len(h.down) == 0 {
		h.err = nil
		h.logger.Info("the bus is reached", "bus", h.place)
	}
}

// lost notes that a client that was connected is not any more.
func (h *health) lost() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.up--
}

// leave notes that a client is not wanted any more.
func (h *health) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.down, c)
	if len(h.down) == 0 {
		h.err = nil
	}
}

func (h *health) status() plugins.ConnectionStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := plugins.ConnectionStatus{Connected: h.up > 0 && len(h.down) == 0, Reconnects: h.reconnects}
	if h.err != nil {
		s.Err = h.err.Error()
	}
	return s
}
