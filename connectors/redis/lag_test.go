package redis_test

import (
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
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
	bustest.Start(t, s, out)
	bustest.Eventually(t, "two records wait behind the one that was read", bustest.Lags(s, 2))
	if err := bustest.Put(t, bus, topic, "4", "5"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "four records wait", bustest.Lags(s, 4))
	out.Unblock()
	bustest.Eventually(t, "none waits", bustest.Lags(s, 0))
}
