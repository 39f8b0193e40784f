package mqtt

import (
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Register adds the connector mqtt. Connections of one registry with the same
// embedded broker share it.
func Register(r *plugins.Registry) error { return r.AddConnector(kind(&brokers{})) }

func kind(shared *brokers) plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    "mqtt",
		Service: connectors.Service,
		Schema: plugins.Schema{
			Doc: "MQTT 5 and 3.1.1: a broker elsewhere (url), or one of onstream's own to which devices connect (embedded). Levels of a topic's name are written with slashes there: `plant.d1.temp` is `plant/d1/temp`, `*` is `+` and `>` is `#`. A topic keeps nothing but retained messages: a source gets what is published while it has a session, which the broker keeps for session_expiry. Headers are user properties, and so is the key of a record (`Onstream-Key`); MQTT 3.1.1 has neither. A message that was retained has the header `mqtt-retain` with the value `true`.",
			Example: `connector "mqtt" "plant" {
  url       = "mqtts://broker.example.com"
  client_id = "gateway-7"
  username  = "onstream"
  password  = secret("env:MQTT_PASSWORD")
  will {
    topic   = "gateways.7.state"
    payload = "offline"
    retain  = true
  }
}`,
			Attrs: connectors.Fields(
				plugins.Attr{Name: "url", Type: plugins.AttrString, Doc: "Where the broker is: \"mqtt://HOST\" (port 1883), \"mqtts://HOST\" with TLS (8883), \"ws://HOST/PATH\" or \"wss://HOST/PATH\"."},
				plugins.Attr{Name: "protocol_version", Type: plugins.AttrString, Default: version5, Enum: []string{version5, version3}, Doc: "What the broker speaks. Before MQTT 5, records have neither keys nor headers, and nobody tells which of them are refused."},
				plugins.Attr{Name: "client_id", Type: plugins.AttrString, Doc: "What clients are called at the broker: a source is CLIENT_ID-GROUP-XXXXXXXX, where the last stands for the topic, and the sinks together are CLIENT_ID-out. Without it, it is onstream, and the sinks have a name that differs each time. No two processes may use the same name at a time."},
				plugins.Attr{Name: "username", Type: plugins.AttrString, Doc: "The user to connect as."},
				plugins.Attr{Name: "password", Type: plugins.AttrSecret, Doc: "The password, or token."},
				plugins.Attr{Name: "keep_alive", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(1), Max: plugins.Bound(65535), Doc: "How often both sides give a sign of life; a connection without one for half as long again is given up."},
				plugins.Attr{Name: "clean_start", Type: plugins.AttrBool, Default: false, Doc: "Whether sources begin with no session, so that the broker keeps nothing for them while they are away."},
				plugins.Attr{Name: "session_expiry", Type: plugins.AttrDuration, Default: 24 * time.Hour, Min: plugins.Bound(0), Doc: "How long the broker keeps what comes for a source that is away. Before MQTT 5, the broker decides."},
				plugins.Attr{Name: "qos", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(0), Max: plugins.Bound(2), Doc: "Quality of service of what is read and written: 0 at most once, 1 at least once, 2 exactly once between the broker and here."},
				plugins.Attr{Name: "retain", Type: plugins.AttrBool, Default: false, Doc: "Whether the broker keeps the last record that is written to each topic, for those who subscribe later."},
				plugins.Attr{Name: "share_name", Type: plugins.AttrString, Doc: "Makes sources members of a shared subscription of this name: the broker divides the messages among them, in no order."},
				plugins.Attr{Name: "receive_maximum", Type: plugins.AttrInt, Default: int64(1024), Min: plugins.Bound(1), Max: plugins.Bound(65535), Doc: "How many messages may wait for their acknowledgement, in each direction; the broker may take fewer. Before MQTT 5, only the broker bounds what it sends."},
				plugins.Attr{Name: "max_packet_size", Type: plugins.AttrSize, Default: int64(16 << 20), Min: plugins.Bound(128), Max: plugins.Bound(maxRemaining), Doc: "The largest packet; larger records go to the error output. A broker drops what is too large for its receiver."},
			),
			Blocks: connectors.Blocks(
				connectors.TLSBlock(),
				plugins.Block{Name: "will", Doc: "What the broker publishes when the connection breaks.", Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "topic", Type: plugins.AttrString, Required: true, Doc: "The topic, as in a sink."},
					{Name: "payload", Type: plugins.AttrString, Doc: "The payload."},
					{Name: "qos", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(0), Max: plugins.Bound(2), Doc: "Its quality of service."},
					{Name: "retain", Type: plugins.AttrBool, Default: false, Doc: "Whether it is retained."},
				}}},
				embeddedBlock(),
			),
		},
		Check:  check,
		Reads:  reads,
		Writes: writes,
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			if len(c.Blocks("embedded")) > 0 {
				return shared.connect(c, env)
			}
			return newConnection(c, env)
		},
	}
}
