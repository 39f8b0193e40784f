package nats_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// starting is a log that calls a function when the embedded server begins to start, which
// waits for it.
type starting struct {
	once sync.Once
	f    func()
}

func (s *starting) Enabled(context.Context, slog.Level) bool { return true }

func (s *starting) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "Starting nats-server") {
		s.once.Do(s.f)
	}
	return nil
}

func (s *starting) WithAttrs([]slog.Attr) slog.Handler { return s }

func (s *starting) WithGroup(string) slog.Handler { return s }

// A process that is to end does not wait for its server to come up.
func TestStartIsGivenUp(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	dir := t.TempDir()
	r := newRig(t)
	config := r.config(map[string]any{"store_dir": dir})
	bus := r.connect(t, config, func(e *plugins.Env) {
		e.Logger = slog.New(&starting{f: func() { close(begun); <-goOn }})
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	source := sourceOf(t, bus, connectors.Subscription{Topic: "a.b", Group: "g"})
	go func() { ended <- source.Run(ctx, &bustest.Outlet{}) }()
	<-begun
	cancel()
	bustest.Eventually(t, "the source ends", func() bool {
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
			return true
		default:
			return false
		}
	})
	close(goOn)
	bustest.Eventually(t, "the folder is given back", func() bool { return open(t, r.connect(t, config), "a.b") == nil })
}

// A server that gets no port is not waited for.
func TestPortIsLostWhileTheServerStarts(t *testing.T) {
	t.Parallel()
	addr := bustest.Nowhere(t)
	var l net.Listener
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"store_dir": t.TempDir(), "listen": addr, "startup": "fail"}), func(e *plugins.Env) {
		e.Logger = slog.New(&starting{f: func() {
			var err error
			if l, err = net.Listen("tcp", addr); err != nil {
				t.Error(err)
			}
		}})
	})
	ended := make(chan error, 1)
	go func() { ended <- open(t, bus, "a.b") }()
	bustest.Eventually(t, "the server ends", func() bool {
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "address already in use") {
				t.Errorf("it ended with %v", err)
			}
			return true
		default:
			return false
		}
	})
	if l != nil {
		l.Close()
	}
}
