package mqtt_test

import (
	"net"
	"sync"
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// A broker that is closed while devices connect leaves none of them behind, also those that have
// not said who they are.
func TestDevicesConnectWhileTheBrokerStops(t *testing.T) {
	t.Parallel()
	for range 10 {
		bus, addr := anyone(t, nil, "plant.>", &bustest.Outlet{})
		var closed sync.WaitGroup
		silent := make(chan struct{}, 1)
		for range 4 {
			closed.Go(func() {
				for {
					conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
					if err != nil {
						return
					}
					select {
					case silent <- struct{}{}:
					default:
					}
					_, _ = conn.Read(make([]byte, 1)) // until the broker closes it
					_ = conn.Close()                  // it is of no use any more
				}
			})
		}
		<-silent
		if err := bus.(plugins.Closer).Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		closed.Wait()
	}
}
