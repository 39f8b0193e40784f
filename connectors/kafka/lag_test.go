package kafka_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// A partition of which enough is read ahead is not fetched. What comes to it meanwhile waits, and that is told.
func TestLagGrowsWhileNothingIsTaken(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(1, "in")).ListenAddrs()[0]
	s, err := connect(t, addr, nil).Reader(connectors.Subscription{Topic: "in", Group: "g", MaxRecords: 1}, bustest.Env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 900_000)
	produce(t, addr, "in", 0, large, large, large, large, large, large, large)
	out := &bustest.Outlet{}
	out.Block()
	bustest.Start(t, s, out)
	bustest.Eventually(t, "7 records wait", bustest.Lags(s, 7))
	produce(t, addr, "in", 0, numbers(0, 20)...)
	bustest.Eventually(t, "27 records wait", bustest.Lags(s, 27))
	out.Unblock()
	bustest.Eventually(t, "none waits", bustest.Lags(s, 0))
}

// A topic of which no record comes has nothing that waits, which is known.
func TestLagOfAnEmptyTopic(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(2, "in")).ListenAddrs()[0]
	s, err := connect(t, addr, nil).Reader(connectors.Subscription{Topic: "in", Group: "g"}, bustest.Env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	bustest.Start(t, s, out)
	bustest.Eventually(t, "it is known that none waits", func() bool { return len(out.Assignments()) > 0 && bustest.Lags(s, 0)() })
}
