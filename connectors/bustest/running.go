package bustest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Running is a source that runs.
type Running struct {
	cancel  context.CancelFunc
	ended   chan struct{}
	err     error // of Run, once it has ended
	awaited bool  // that it ends by itself
}

// Start runs a source, which is stopped at the end of the test.
func Start(t testing.TB, source plugins.Source, out plugins.Outlet) *Running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &Running{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = source.Run(ctx, out)
	}()
	t.Cleanup(func() {
		if !r.awaited {
			r.Stop(t)
		}
	})
	return r
}

// Read runs a source of a topic, which is stopped at the end of the test.
func Read(t testing.TB, bus connectors.Bus, s connectors.Subscription, out plugins.Outlet) *Running {
	t.Helper()
	source, err := bus.Reader(s, Env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	return Start(t, source, out)
}

// Stop ends the source in order.
func (r *Running) Stop(t testing.TB) {
	t.Helper()
	r.cancel()
	select {
	case <-r.ended:
	case <-time.After(stopTime):
		t.Errorf("the source has not stopped within %v", stopTime)
		return
	}
	if r.err != nil && !errors.Is(r.err, context.Canceled) {
		t.Errorf("the source ended with: %v", r.err)
	}
}

// Ended returns a channel that is closed when the source has ended.
func (r *Running) Ended() <-chan struct{} { return r.ended }

// Err waits until the source ends by itself, and returns why.
func (r *Running) Err(t testing.TB) error {
	t.Helper()
	r.awaited = true
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.cancel()
		t.Fatalf("the source goes on after %v", patience)
	}
	return r.err
}

// Refused runs a source of a topic that is to end by itself with a permanent error, and checks
// what its message says.
func Refused(t testing.TB, bus connectors.Bus, s connectors.Subscription, says ...string) {
	t.Helper()
	Permanent(t, Read(t, bus, s, &Outlet{}).Err(t), says...)
}

// Waits checks that a source of a topic waits for a server that is not there, and that the
// connection says so.
func Waits(t testing.TB, bus connectors.Bus, s connectors.Subscription) {
	t.Helper()
	r := Read(t, bus, s, &Outlet{})
	Eventually(t, "the connection says that it does not reach the server", func() bool {
		status := bus.(plugins.Monitored).Status()
		return !status.Connected && status.Err != ""
	})
	select {
	case <-r.ended:
		t.Errorf("the source ended: %v", r.err)
	case <-time.After(100 * time.Millisecond): // a mistake may go unseen
	}
	r.Stop(t)
}
