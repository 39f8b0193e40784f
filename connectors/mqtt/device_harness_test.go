package mqtt_test

import (
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// own returns the block of an embedded broker.
func own(t testing.TB, values map[string]any, blocks ...plugins.ConfigBlock) plugins.ConfigBlock {
	t.Helper()
	for _, b := range kindOf(t).Schema.Blocks {
		if b.Name == "embedded" {
			all := map[string]any{"listen": "127.0.0.1:0"}
			for k, v := range values {
				all[k] = v
			}
			return plugins.ConfigBlock{Name: "embedded", Config: bustest.Block(b.Schema, all, blocks...)}
		}
	}
	t.Fatal("there is no block embedded")
	return plugins.ConfigBlock{}
}

// anyone starts an embedded broker that lets everybody in, with a source of a topic.
func anyone(t testing.TB, values map[string]any, topic connectors.Topic, out *bustest.Outlet) (bus connectors.Bus, addr string) {
	t.Helper()
	bus = bustest.Connect(t, kindOf(t), block(t, values, own(t, map[string]any{"anonymous": true})), bustest.Env("connector.bus"))
	source := reader(t, bus, connectors.Subscription{Topic: topic})
	bustest.Start(t, source, out)
	return bus, addressOf(t, source)
}

// device connects with a client that others wrote.
func device(t testing.TB, url, id string, more func(*paho.ClientOptions)) paho.Client {
	t.Helper()
	o := paho.NewClientOptions().AddBroker(url).SetClientID(id).SetCleanSession(false).SetMaxReconnectInterval(50 * time.Millisecond).SetConnectRetryInterval(20 * time.Millisecond)
	if more != nil {
		more(o)
	}
	c := paho.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("the device is not let in: %v", token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func acknowledged(t testing.TB, tokens ...paho.Token) {
	t.Helper()
	for i, token := range tokens {
		if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
			t.Fatalf("message %d is not acknowledged: %v", i, token.Error())
		}
	}
}

func pending(t testing.TB, token paho.Token, why string) {
	t.Helper()
	if token.WaitTimeout(50 * time.Millisecond) { // only a mistake is seen by waiting
		t.Fatal(why)
	}
}
