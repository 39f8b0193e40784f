package amqp

import (
	"net/url"
	"slices"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// check finds what the schema cannot say.
func check(c plugins.Config) error {
	for _, find := range []func(plugins.Config) error{checkURL, checkUser, checkQueue, connectors.CheckTLS} {
		if err := find(c); err != nil {
			return err
		}
	}
	return nil
}

func checkURL(c plugins.Config) error {
	u, err := url.Parse(c.String("url"))
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "amqp" && u.Scheme != "amqps":
		return plugins.ConfigErrorf("url", "it is no URL of a server: write it like \"amqp://rabbit.example.com:5672/vhost\", or amqps:// for TLS")
	case u.User != nil:
		return plugins.ConfigErrorf("url", "it holds a name or password, which would be seen: write them with username and password")
	case u.RawQuery != "" || u.Fragment != "":
		return plugins.ConfigErrorf("url", "what stands behind the virtual host is not taken from here: leave it out, and use the attributes")
	case strings.Trim(u.Path, "/") != "" && c.Has("vhost"):
		return plugins.ConfigErrorf("vhost", "url names a virtual host already: leave one of them out")
	case u.Scheme == "amqp" && len(c.Blocks("tls")) > 0:
		return plugins.ConfigErrorf("tls", "the connection of amqp:// is not encrypted: write amqps:// in url, or leave this out")
	}
	return nil
}

func checkUser(c plugins.Config) error {
	if user := c.String("username"); user != defaultUser && !c.Has("password") {
		return plugins.ConfigErrorf("username", "set password, too")
	}
	return nil
}

// ownArguments are those that have attributes.
var ownArguments = [...]string{"x-queue-type", "x-single-active-consumer"}

func checkQueue(c plugins.Config) error {
	q := queueOf(c)
	switch {
	case q.quorum && !q.durable:
		return plugins.ConfigErrorf("queue.durable", "a quorum queue is always durable: leave this out")
	case strings.HasPrefix(q.name, "amq."):
		return plugins.ConfigErrorf("queue.name", "names that begin with amq. are the server's own: choose another one")
	case len(q.name) > maxShort:
		return plugins.ConfigErrorf("queue.name", "it has %d bytes, and 255 are the most", len(q.name))
	}
	for name := range q.arguments {
		if slices.Contains(ownArguments[:], name) {
			return plugins.ConfigErrorf("queue.arguments", "%s has an attribute of its own: type or single_active_consumer", name)
		}
	}
	if e := exchangeOf(c); e.name == "" {
		return plugins.ConfigErrorf("exchange.name", "topics need an exchange with a name, such as amq.topic")
	}
	return nil
}

// reads says what a source over the connection can promise.
func reads(stage plugins.Config) (plugins.Capabilities, error) {
	_, c := stage.Connector()
	topic, err := connectors.ParseTopic(stage.String("topic"))
	if err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	if _, err := bindingOf(topic); err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	if e := exchangeOf(c); topic.Pattern() && e.kind != "topic" && !c.Has("binding_key") {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%q stands for several topics, and the exchange %s is of type %s, which has no patterns: use one of type topic, or set binding_key of the connector", string(topic), e.name, e.kind)
	}
	if connectors.Start(stage.String("start")) == connectors.StartTimestamp {
		return plugins.Capabilities{}, plugins.ConfigErrorf("start", "a queue does not know when its records were written: write \"earliest\" for all that it holds")
	}
	q := queueOf(c)
	can := plugins.Capabilities{Redelivers: true, Ordered: q.single, Weakens: "what is published before the source first ran, when there is no queue for it yet, does not come"}
	if !q.durable {
		can.Weakens = "what is in the queue is lost when the server restarts, because it is not durable; what is published while there is no queue does not come"
	}
	return can, nil
}

// writes says what a sink over the connection can promise.
func writes(stage plugins.Config) (plugins.Capabilities, error) {
	_, c := stage.Connector()
	if name, same := plugins.ConstantOf(stage.Expr("topic")); same {
		topic, err := connectors.ParseTopic(name.Text)
		if err != nil {
			return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
		}
		if _, err := routingKeyOf(topic); err != nil {
			return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
		}
	}
	can := plugins.Capabilities{Ordered: true}
	switch {
	case !c.Bool("publisher_confirms"):
		can.Weakens = "records that are on their way when the connection is lost are lost, because the server confirms nothing"
	case !c.Bool("mandatory"):
		can.Weakens = "records that no queue takes are dropped by the server"
	}
	return can, nil
}
