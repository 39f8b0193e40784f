package redis_test

import (
	"context"
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// While what was read is not taken nothing is read, and what comes meanwhile is told.
func TestLagGrowsWhileNothingIsTaken(t *testing.T) {
	t.Parallel()
	bus, topic := open(t, config(t, server(t), nil)), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	one := bustest.Subscribe(topic)
	one.MaxRecords = 1
	s, err := bus.Reader(one, bustest.Env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	out.Block()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Run(ctx, out) // it ends with ctx
	}()
	defer func() { cancel(); <-ended }()
	lag := func(want int64) func() bool {
		return func() bool {
			n, known := s.(plugins.Lagging).Lag()
			return known && n == want
		}
	}
	bustest.Eventually(t, "two records wait behind the one that was read", lag(2))
	if err := bustest.Put(t, bus, topic, "4", "5"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "four records wait", lag(4))
	out.Unblock()
	bustest.Eventually(t, "none waits", lag(0))
}
