package cli

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestSecondSignal: what sends a signal twice at once has asked once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after time.Duration
		stops bool
	}{
		{"at once", 0, false},
		{"soon", sameSignal - 1, false},
		{"later", sameSignal, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &supervisor{
					out: newPipe(nil), logger: slog.New(slog.DiscardHandler),
					signals: signals{end: make(chan os.Signal), reload: make(chan os.Signal)},
				}
				ctx, stop := context.WithCancelCause(t.Context())
				go s.obey(ctx, stop, nil)
				s.signals.end <- os.Interrupt
				synctest.Wait()
				time.Sleep(c.after)
				s.signals.end <- os.Interrupt
				synctest.Wait()
				if stopped := context.Cause(ctx) == errStopped; stopped != c.stops { //nolint:errorlint // it is that one itself
					t.Errorf("stopped: %v", stopped)
				}
				stop(nil)
				synctest.Wait()
			})
		})
	}
}
