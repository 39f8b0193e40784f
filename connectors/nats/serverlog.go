package nats

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

// serverLog is the log of an embedded server.
type serverLog struct {
	logger *slog.Logger
	fatal  atomic.Bool // the server cannot go on
	mu     sync.Mutex
	last   error // the last that was severe
}

var _ server.Logger = (*serverLog)(nil)

// Noticef implements [server.Logger].
func (l *serverLog) Noticef(format string, v ...any) { l.logger.Debug(fmt.Sprintf(format, v...)) }

// Warnf implements [server.Logger].
func (l *serverLog) Warnf(format string, v ...any) {
	l.logger.Warn("embedded server: " + fmt.Sprintf(format, v...))
}

// Fatalf implements [server.Logger]. It ends nothing: who started the server sees that it does
// not run.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.severe(fmt.Errorf(format, v...))
	l.fatal.Store(true)
}

// isFatal reports whether the server has said that it cannot go on.
func (l *serverLog) isFatal() bool { return l.fatal.Load() }

// Errorf implements [server.Logger].
func (l *serverLog) Errorf(format string, v ...any) {
	err := fmt.Errorf(format, v...)
	l.severe(err)
	l.logger.Error("embedded server: " + err.Error())
}

// Debugf implements [server.Logger].
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements [server.Logger].
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) severe(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = err
}

// why returns the last severe error.
func (l *serverLog) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return errNoReason
	}
	return l.last
}
