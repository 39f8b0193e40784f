package connectors

import (
	"log/slog"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// Outage knows how a connection is, as the last attempt to use it has found it.
// It logs once that an outage began, and once that it is over. It is safe for
// concurrent use.
type Outage struct {
	logger *slog.Logger
	what   string // is reached: the bus, or the server
	place  string

	mu         sync.Mutex
	up, down   bool // neither before the first attempt
	been       bool // it worked at some time
	reconnects int64
	err        error
}

// NewOutage returns that of a connection which was not tried yet. The place is
// told to people, and holds no secrets; nor do the errors.
func NewOutage(logger *slog.Logger, place string) *Outage {
	return NewOutageOf(logger, "bus", place)
}

// NewOutageOf is [NewOutage] for what is no bus: what is what it is called, such as "server".
func NewOutageOf(logger *slog.Logger, what, place string) *Outage {
	return &Outage{logger: logger, what: what, place: place}
}

// Reached notes that it works.
func (o *Outage) Reached() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.up {
		return
	}
	if o.been {
		o.reconnects++
	}
	if o.down {
		o.logger.Info("the "+o.what+" is reached", o.what, o.place)
	}
	o.up, o.been, o.down, o.err = true, true, false, nil
}

// Unreached notes that it does not work.
func (o *Outage) Unreached(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		o.logger.Warn("the "+o.what+" cannot be reached: it is tried again until it can", o.what, o.place, "error", err)
	}
	o.up, o.down, o.err = false, true, err
}

// WasReached reports whether it has worked at some time.
func (o *Outage) WasReached() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.been
}

// Status returns how the connection is, for [plugins.Monitored].
func (o *Outage) Status() plugins.ConnectionStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := plugins.ConnectionStatus{Connected: o.up, Reconnects: o.reconnects}
	if o.err != nil {
		s.Err = o.err.Error()
	}
	return s
}
