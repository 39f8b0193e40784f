package mqtt_test

import (
	"maps"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/mqtt"
	"github.com/onstream/onstream/plugins"
)

func bus(version, server, addr string, more map[string]any) bustest.Bus {
	five := version == "5"
	return bustest.Bus{
		Register: mqtt.Register,
		Kind:     "mqtt",
		Server:   server,
		Addr:     addr,
		Config: func(t testing.TB, addr string) plugins.Config {
			values := map[string]any{"url": "mqtt://" + addr, "protocol_version": version, "connect_timeout": time.Minute, "max_packet_size": int64(1 << 20)}
			maps.Copy(values, more)
			return block(t, values)
		},
		Features: bustest.Features{
			Keys: five, Headers: five, DuplicateHeaders: five, Patterns: true, Groups: true, Rewinds: true, Window: 1000,
			Starts: []connectors.Start{connectors.StartLatest}, TooLarge: 2 << 20, Durable: true, Crashproof: false,
		},
	}
}

func TestMosquitto(t *testing.T) {
	for _, version := range []string{"5", "3.1.1"} {
		t.Run(version, func(t *testing.T) {
			addr, own := realServer(t)
			b := bus(version, "Mosquitto, MQTT "+version, addr, map[string]any{"keep_alive": time.Second})
			if own != nil {
				b.Restart, b.Kill = own.restart, own.kill
			}
			bustest.Run(t, b)
		})
	}
}

// TestInProcess runs the suite against a broker that needs nothing.
func TestInProcess(t *testing.T) {
	for _, version := range []string{"5", "3.1.1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := bus(version, "in process, MQTT "+version, startServer(t).addr(), map[string]any{"keep_alive": time.Second})
			b.Features.Durable = false
			bustest.Run(t, b)
		})
	}
}

// TestWatermill runs Watermill's own suite over the adapters.
func TestWatermill(t *testing.T) {
	t.Parallel()
	b := bus("5", "in process", startServer(t).addr(), nil)
	b.Features.Durable = false
	bustest.Watermill(t, b)
}
