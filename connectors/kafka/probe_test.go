package kafka_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// A broker that ends while it is asked, or is just starting, is not one that wants to know who asks.
func TestBrokerThatEndsWhileItIsAsked(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(1, "in"))
	addr := c.ListenAddrs()[0]
	produce(t, addr, "in", 0, "1")
	var cut atomic.Int64
	c.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if cut.Add(1) > 2 {
			return nil, nil, false
		}
		return nil, errors.New("it ends"), true
	})
	out := &bustest.Outlet{}
	read(t, connect(t, addr, map[string]any{"startup": "wait"}), connectors.Subscription{Topic: "in"}, bustest.Env("source.in"), nil, out)
	bustest.Eventually(t, "the record is read", func() bool { return len(out.Values()) == 1 })
}
