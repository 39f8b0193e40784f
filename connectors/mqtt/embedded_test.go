package mqtt_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestDevicesOverWebSockets(t *testing.T) {
	t.Parallel()
	web := bustest.Nowhere(t)
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true, "websocket": web})), bustest.Env("connector.bus"))
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "plant.>"}), out)
	bustest.Eventually(t, "the port is open", func() bool {
		conn, err := net.Dial("tcp", web)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	acknowledged(t, device(t, "ws://"+web+"/mqtt", "d1", nil).Publish("plant/d1", 1, false, "other's client"))
	client := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "ws://" + web}), bustest.Env("connector.out"))
	if err := answered(t, give(t, writer(t, client, "plant.d2"), connectors.Record{Value: []byte("own client")})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "other's client", "own client")
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	bus := bustest.Connect(t, kindOf(t), block(t, map[string]any{"startup": "fail"}, own(t, map[string]any{"anonymous": true, "listen": l.Addr().String()})), bustest.Env("connector.bus"))
	err = reader(t, bus, connectors.Subscription{Topic: "a"}).Run(t.Context(), &bustest.Outlet{})
	want := "address already in use: free the address, or choose another one in the block embedded"
	if err == nil || !plugins.IsPermanent(err) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want ... %s", err, want)
	}
}

// TestConnectionsOfEqualBlocksShareABroker is what makes it possible to start a pipeline anew in
// a running process.
func TestConnectionsOfEqualBlocksShareABroker(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	c := block(t, nil, own(t, map[string]any{"anonymous": true, "listen": bustest.Nowhere(t)}))
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, bustest.Connect(t, kind, c, bustest.Env("connector.a")), connectors.Subscription{Topic: "a.b"}), out)
	sink := writer(t, bustest.Connect(t, kind, c, bustest.Env("connector.b")), "a.b")
	bustest.Eventually(t, "the source runs", func() bool {
		return answered(t, give(t, sink, connectors.Record{Value: []byte("x")})) == nil && len(out.Records()) > 0
	})
}

func TestEmbeddedStatus(t *testing.T) {
	t.Parallel()
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true})), bustest.Env("connector.bus"))
	status := bus.(plugins.Monitored).Status
	if s := status(); s.Connected {
		t.Errorf("before it is used: %+v", s)
	}
	if err := writer(t, bus, "a").Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := status(); !s.Connected || s.Err != "" {
		t.Errorf("while it is used: %+v", s)
	}
}
