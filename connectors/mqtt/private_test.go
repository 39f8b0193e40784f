package mqtt_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// Another process is to connect to the broker, not to start one of its own.
func TestNoOtherProcessGetsAtAnEmbeddedBroker(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	open := func(c plugins.Config) connectors.Bus {
		return bustest.Connect(t, kind, c, bustest.Env("connector.bus"))
	}
	if _, private := open(block(t, map[string]any{"url": "mqtt://127.0.0.1:1"})).(connectors.Private); private {
		t.Error("a broker elsewhere is private")
	}
	tls := plugins.ConfigBlock{Name: "tls", Config: plugins.NewConfig(map[string]any{"cert_file": "c.pem", "key_file": "k.pem"})}
	for want, c := range map[string]plugins.Config{
		`connect to it with url = "mqtt://127.0.0.1:1883" in a connector of its own`: block(t, nil, own(t, map[string]any{"anonymous": true, "listen": "127.0.0.1:1883"})),
		`connect to it with url = "mqtts://HOST:8883" in a connector of its own`:     block(t, nil, own(t, map[string]any{"anonymous": true, "listen": ":8883"}, tls)),
	} {
		if err := open(c).(connectors.Private).Private(); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want ... %s", err, want)
		}
	}
}
