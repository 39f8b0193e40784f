package amqp

import (
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Register adds the kind amqp of connections.
func Register(r *plugins.Registry) error { return r.AddConnector(kind()) }

// maxPrefetch is what the protocol can say.
const maxPrefetch = 1<<16 - 1

func kind() plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    "amqp",
		Service: connectors.Service,
		Schema:  schema(),
		Check:   check,
		Reads:   reads,
		Writes:  writes,
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			return newConnection(optionsOf(c), env), nil
		},
	}
}

func schema() plugins.Schema {
	return plugins.Schema{
		Doc: "RabbitMQ, or another server that speaks AMQP 0-9-1. A topic is a routing key at an exchange; a source reads a queue of its own group, to which the exchange gives what matches: `*` is `*` there, and `>` is `*.#`. A queue exists from when the source first runs, and what was published before does not come. The key of a record is the header Onstream-Key. A record that the server brings again has the header `amqp-redelivered`.",
		Example: `connector "amqp" "bus" {
  url      = "amqps://rabbit.example.com/plant"
  username = "onstream"
  password = secret("env:RABBIT_PASSWORD")
  exchange { name = "plant" }
  queue    { type = "quorum" }
}`,
		Attrs: connectors.Fields(
			plugins.Attr{Name: "url", Type: plugins.AttrString, Required: true, Doc: "Where the server is, and the virtual host: \"amqp://HOST:PORT/VHOST\", or amqps:// for TLS. The port is 5672 or 5671, the virtual host / where they are left out."},
			plugins.Attr{Name: "username", Type: plugins.AttrString, Default: "guest", Doc: "Who connects. RabbitMQ lets guest in from its own machine only."},
			plugins.Attr{Name: "password", Type: plugins.AttrSecret, Doc: "The user's password; that of guest is guest."},
			plugins.Attr{Name: "vhost", Type: plugins.AttrString, Doc: "The virtual host, in place of that of the url."},
			plugins.Attr{Name: "heartbeat", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(1), Max: plugins.Bound(3600), Doc: "After twice to three times this silence either side takes the connection for lost. The server may ask for less."},
			plugins.Attr{Name: "binding_key", Type: plugins.AttrString, Doc: "What queues are bound with, in place of the source's topic: for exchanges that want something else, such as a weight (x-consistent-hash)."},
			plugins.Attr{Name: "prefetch_count", Type: plugins.AttrInt, Default: int64(1000), Min: plugins.Bound(1), Max: plugins.Bound(maxPrefetch), Doc: "How many records of a source may be without acknowledgement: the server sends no more before. All of them may be in memory at once. Without --state, no more than this are read for each flush of a sink."},
			plugins.Attr{Name: "publisher_confirms", Type: plugins.AttrBool, Default: true, Doc: "Whether a record counts as written when the server has confirmed it, or already when it was sent."},
			plugins.Attr{Name: "mandatory", Type: plugins.AttrBool, Default: true, Doc: "Whether a record that no queue takes goes to the error output; otherwise the server drops it and nobody is told."},
			plugins.Attr{Name: "max_inflight", Type: plugins.AttrInt, Default: int64(4096), Min: plugins.Bound(1), Max: plugins.Bound(1 << 16), Doc: "Records that a sink may have sent without a confirmation."},
			plugins.Attr{Name: "max_message_bytes", Type: plugins.AttrSize, Default: int64(16 << 20), Min: plugins.Bound(1), Max: plugins.Bound(512 << 20), Doc: "The largest record that is written: a larger one goes to the error output. RabbitMQ takes 16 MiB, or what max_message_size of its configuration says; where that is less than this, it is noticed with the first record that is refused."},
			plugins.Attr{Name: "create", Type: plugins.AttrString, Default: "if_missing", Enum: []string{"never", "if_missing"}, Doc: "Whether exchange, queue and binding are made where they are missing. With never, that is an error, and nothing is bound."},
		),
		Blocks: connectors.Blocks(
			connectors.TLSBlock(),
			plugins.Block{Name: "exchange", Doc: "Where records are published. An exchange whose name begins with amq. is the server's, and is there.", Schema: plugins.Schema{Attrs: []plugins.Attr{
				{Name: "name", Type: plugins.AttrString, Default: "amq.topic", Doc: "Its name."},
				{Name: "type", Type: plugins.AttrString, Default: "topic", Doc: "topic, direct, fanout, headers, or one that a plug-in of the server adds. Only topic has patterns."},
				{Name: "durable", Type: plugins.AttrBool, Default: true, Doc: "Whether it survives a restart of the server."},
			}}},
			plugins.Block{Name: "queue", Doc: "What sources read.", Schema: plugins.Schema{Attrs: []plugins.Attr{
				{Name: "name", Type: plugins.AttrString, Doc: "The name of the queue; GROUP:TOPIC where there is none, so that each group has one for each topic. Sources that name the same queue share what all of them bind to it."},
				{Name: "type", Type: plugins.AttrString, Default: "classic", Enum: []string{"classic", "quorum"}, Doc: "What kind of queue is made: quorum queues are kept by several nodes of a cluster. From RabbitMQ 4 on they drop a record that was brought back 20 times, unless x-delivery-limit says otherwise."},
				{Name: "durable", Type: plugins.AttrBool, Default: true, Doc: "Whether the queue, with what is in it, survives a restart of the server."},
				{Name: "single_active_consumer", Type: plugins.AttrBool, Default: true, Doc: "Whether one member of the group at a time gets the records, and the others stand by: the order is kept. Otherwise they are dealt out, in no order."},
				{Name: "arguments", Type: plugins.AttrStringMap, Doc: "Further arguments with which the queue is made, such as { \"x-max-length\" = \"100000\" }: numbers and true and false are sent as such."},
			}}},
		),
	}
}
