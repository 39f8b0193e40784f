package state

import (
	"fmt"
	"log/slog"
)

// logger takes what Pebble says.
type logger struct {
	log   *slog.Logger
	fence *fence
}

// Infof implements [pebble.Logger].
func (l *logger) Infof(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

// Errorf implements [pebble.Logger].
func (l *logger) Errorf(format string, args ...any) { l.log.Warn(fmt.Sprintf(format, args...)) }

// Fatalf implements [pebble.Logger]. Pebble expects that the process ends;
// that nothing is written any more is enough.
func (l *logger) Fatalf(format string, args ...any) {
	l.fence.breakWith(fmt.Errorf(format, args...))
}
