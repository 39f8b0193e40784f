package amqp_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What cannot be right is said when the pipeline is built.
func TestCheck(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	nested := func(name string, values map[string]any) plugins.ConfigBlock {
		return bustest.Nested(kind.Schema, name, values)
	}
	for name, c := range map[string]struct {
		values map[string]any
		blocks []plugins.ConfigBlock
		want   string
	}{
		"no URL":              {values: map[string]any{"url": "localhost:5672"}, want: `url: it is no URL of a server: write it like "amqp://rabbit.example.com:5672/vhost", or amqps:// for TLS`},
		"password in URL":     {values: map[string]any{"url": "amqp://me:hunter2@h/"}, want: "url: it holds a name or password, which would be seen: write them with username and password"},
		"options in URL":      {values: map[string]any{"url": "amqp://h/?heartbeat=5"}, want: "url: what stands behind the virtual host is not taken from here"},
		"two virtual hosts":   {values: map[string]any{"url": "amqp://h/a", "vhost": "b"}, want: "vhost: url names a virtual host already: leave one of them out"},
		"TLS without":         {values: map[string]any{"url": "amqp://h"}, blocks: []plugins.ConfigBlock{nested("tls", nil)}, want: "tls: the connection of amqp:// is not encrypted: write amqps:// in url, or leave this out"},
		"no password":         {values: map[string]any{"url": "amqp://h", "username": "u"}, want: "username: set password, too"},
		"transient quorum":    {values: map[string]any{"url": "amqp://h"}, blocks: []plugins.ConfigBlock{nested("queue", map[string]any{"type": "quorum", "durable": false})}, want: "queue.durable: a quorum queue is always durable: leave this out"},
		"the server's queue":  {values: map[string]any{"url": "amqp://h"}, blocks: []plugins.ConfigBlock{nested("queue", map[string]any{"name": "amq.q"})}, want: "queue.name: names that begin with amq. are the server's own: choose another one"},
		"argument of its own": {values: map[string]any{"url": "amqp://h"}, blocks: []plugins.ConfigBlock{nested("queue", map[string]any{"arguments": map[string]string{"x-queue-type": "stream"}})}, want: "queue.arguments: x-queue-type has an attribute of its own: type or single_active_consumer"},
		"no exchange":         {values: map[string]any{"url": "amqp://h"}, blocks: []plugins.ConfigBlock{nested("exchange", map[string]any{"name": ""})}, want: "exchange.name: topics need an exchange with a name, such as amq.topic"},
	} {
		err := kind.Check(bustest.Block(kind.Schema, c.values, c.blocks...))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the message tells a password: %v", name, err)
		}
	}
	if err := kind.Check(bustest.Block(kind.Schema, map[string]any{"url": "amqps://h/v", "username": "u", "password": plugins.NewSecret("p")}, nested("tls", nil))); err != nil {
		t.Error(err)
	}
}

// What a source cannot do is said with the attribute that asks for it.
func TestReads(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	direct := bustest.Nested(kind.Schema, "exchange", map[string]any{"name": "amq.direct", "type": "direct"})
	for name, c := range map[string]struct {
		stage  map[string]any
		blocks []plugins.ConfigBlock
		want   string
	}{
		"time":        {stage: map[string]any{"topic": "a.b", "start": "timestamp"}, want: `start: a queue does not know when its records were written: write "earliest" for all that it holds`},
		"no patterns": {stage: map[string]any{"topic": "a.*"}, blocks: []plugins.ConfigBlock{direct}, want: `topic: "a.*" stands for several topics, and the exchange amq.direct is of type direct, which has no patterns`},
		"hash":        {stage: map[string]any{"topic": "a.#"}, want: `topic: "a.#" cannot be the name of a topic: # stands for several levels on AMQP; write > for them`},
		"long":        {stage: map[string]any{"topic": strings.Repeat("x", 300)}, want: "topic: the name of the topic has 300 bytes, and a routing key has 255 at most"},
	} {
		_, err := kind.Reads(plugins.NewConfig(c.stage).WithConnector(kind, bustest.Block(kind.Schema, map[string]any{"url": "amqp://h"}, c.blocks...)))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		queue map[string]any
		want  plugins.Capabilities
	}{
		"default":   {nil, plugins.Capabilities{Redelivers: true, Ordered: true, Weakens: "what is published before the source first ran, when there is no queue for it yet, does not come"}},
		"dealt out": {map[string]any{"single_active_consumer": false}, plugins.Capabilities{Redelivers: true, Weakens: "what is published before the source first ran, when there is no queue for it yet, does not come"}},
		"transient": {map[string]any{"durable": false}, plugins.Capabilities{Redelivers: true, Ordered: true, Weakens: "what is in the queue is lost when the server restarts, because it is not durable; what is published while there is no queue does not come"}},
	} {
		config := bustest.Block(kind.Schema, map[string]any{"url": "amqp://h"}, bustest.Nested(kind.Schema, "queue", c.queue))
		got, err := kind.Reads(plugins.NewConfig(map[string]any{"topic": "a.*.>"}).WithConnector(kind, config))
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
