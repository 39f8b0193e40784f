package amqp_test

import (
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestServerThatSpeaksSomethingElse(t *testing.T) {
	t.Parallel()
	bus := open(t, config(t, bustest.Speaks(t, "\x15\x03\x01\x00\x02\x02\x0a"), nil, nil)) // an alert of TLS
	bustest.Refused(t, bus, bustest.Subscribe("a.b"), "what answers does not speak AMQP 0-9-1: use another port, or write amqps:// in url if it expects TLS")
	addr := bustest.Speaks(t, "AMQP\x00\x00\x09\x01")
	bus = open(t, config(t, addr, map[string]any{"url": "amqps://" + addr}, nil))
	bustest.Refused(t, bus, bustest.Subscribe("a.b"), "the server's certificate is not trusted, or it speaks no TLS there", "amqp:// in url")
}

func TestAbsentServerAtStart(t *testing.T) {
	t.Parallel()
	addr := bustest.Nowhere(t)
	bus := open(t, config(t, addr, map[string]any{"startup": "fail"}, nil))
	bustest.Refused(t, bus, bustest.Subscribe("a.b"), "connect at "+addr, "connection refused", `start it, correct url, or let a pipeline wait for it with startup = "wait"`)
	bustest.Permanent(t, bustest.Open(t, bus, "a.b"), "connection refused")
	bus = open(t, config(t, addr, nil, nil)) // it waits
	bustest.Waits(t, bus, bustest.Subscribe("a.b"))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	addr := server(t)
	secret := plugins.NewSecret("hunter2")
	for name, c := range map[string]struct {
		values, queue map[string]any
		topic         string
		want          []string
	}{
		"credentials":   {values: map[string]any{"username": "nobody", "password": secret}, want: []string{`the credentials of "nobody" are not accepted: check username and password`}},
		"virtual host":  {values: map[string]any{"vhost": "nowhere"}, want: []string{"the user has no access to the virtual host", "correct it in url or vhost, or grant it"}},
		"no queue":      {values: map[string]any{"create": "never"}, topic: bustest.Unused(), want: []string{"queue g:test.n", "NOT_FOUND", `make it, correct its name, or write create = "if_missing"`}},
		"bad arguments": {queue: map[string]any{"arguments": map[string]string{"x-max-length": "many"}}, topic: bustest.Unused(), want: []string{"queue g:test.n", "the server does not take the queue's arguments: correct them"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := c.topic
			if topic == "" {
				topic = "a.b"
			}
			bustest.Refused(t, open(t, config(t, addr, c.values, c.queue)), bustest.Subscribe(topic), append(c.want, addr)...)
		})
	}
}

func TestRefusalsOfExchanges(t *testing.T) {
	t.Parallel()
	addr := server(t)
	exchange := func(values map[string]any) plugins.ConfigBlock {
		return bustest.Nested(kindOf(t).Schema, "exchange", values)
	}
	name := bustest.Unused()
	opens := func(c plugins.Config) error {
		t.Helper()
		return bustest.Open(t, open(t, c), "a.b")
	}
	bustest.Says(t, opens(config(t, addr, map[string]any{"create": "never"}, nil, exchange(map[string]any{"name": name}))), "exchange "+name, `make it, correct its name, or write create = "if_missing"`)
	if err := opens(config(t, addr, nil, nil, exchange(map[string]any{"name": name}))); err != nil {
		t.Fatal(err)
	}
	err := opens(config(t, addr, nil, nil, exchange(map[string]any{"name": name, "type": "fanout"})))
	bustest.Permanent(t, err, "exchange "+name, "inequivalent arg 'type'", "it is there, and was made in another way")
	bustest.Says(t, opens(config(t, addr, nil, nil, exchange(map[string]any{"name": bustest.Unused(), "type": "x-nonsense"}))), "the server has no exchanges of that type: correct exchange.type")
}
