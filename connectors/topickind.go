package connectors

import (
	"errors"
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Register adds the kinds topic of sources and sinks.
func Register(r *plugins.Registry) error {
	return errors.Join(r.AddSource(sourceKind()), r.AddSink(sinkKind()))
}

var errNoBus = errors.New("its connection has no topics: that is a mistake in the kind of the connector")

func sourceKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name:  "topic",
		Via:   Service,
		Keyed: true,
		Schema: plugins.Schema{
			Doc: "Reads a topic of a bus. Which bus that is says only the connector: everything else stays the same when it is another one. `meta.topic`, `meta.key`, `meta.time`, `meta.partition`, `meta.offset` and `meta.header[\"name\"]` are what the bus knows about a record, as far as it does. Records are acknowledged when everything they became is durable, and where the pipeline keeps state, when a checkpoint has it. Processes of one group divide the partitions of a topic among themselves; what stages keep goes with them where `key` tells by what the topic is divided, and the stages have that key. What writes the topic must give the bus just that key: where a record has none, or another, the bus may put what has one key into several partitions, and each of them counts for itself, without a word.",
			Example: `connector "nats" "bus" { embedded = true }

source "topic" "sensors" {
  via   = connector.bus
  topic = "plant.*.*.temp"
  start = "earliest"
}`,
			Attrs: []plugins.Attr{
				{Name: "topic", Type: plugins.AttrString, Required: true, Doc: "The topic: levels with dots between them, which each bus writes in its own way (`plant.d1.temp` is `plant/d1/temp` on MQTT). `*` stands for one level, `>` for all that follow, on buses that have patterns. A name with a / is taken as the bus has it."},
				{Name: "group", Type: plugins.AttrString, Doc: "Who reads: processes with the same group divide the records among themselves, and what a group has read is not read again. Without it, the group is PIPELINE.STAGE."},
				{Name: "start", Type: plugins.AttrString, Default: "earliest", Enum: []string{"earliest", "latest", "committed", "timestamp"}, Doc: "Where to begin what has been read neither by this pipeline, by its checkpoint, nor by the group: with the oldest record that the bus keeps, with the next one, nowhere (`committed`: that is an error), or with the first one since start_at."},
				{Name: "start_at", Type: plugins.AttrString, Doc: "A time such as \"2026-01-31T08:00:00Z\", for start = \"timestamp\"."},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		ReadsTopic:    func(c plugins.Config, topic string) bool { return Topic(c.String("topic")).Matches(topic) },
		ReadsPartitions: func(c plugins.Config, name string) bool {
			return Topic(c.String("topic")).mayBe(name)
		},
		OneTopic: func(c plugins.Config) string {
			if t := Topic(c.String("topic")); !t.Pattern() {
				return string(t)
			}
			return ""
		},
		Check: func(c plugins.Config) error {
			if _, err := subscription(c, plugins.Env{}); err != nil {
				return err
			}
			if _, err := reads(c); err != nil {
				return err
			}
			return checkAlone(c)
		},
		Capabilities: func(c plugins.Config) plugins.Capabilities {
			can, _ := reads(c) // Check has it
			return can
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			s, err := subscription(c, env)
			if err != nil {
				return nil, err
			}
			bus, ok := env.Connection.(Bus)
			if !ok {
				return nil, errNoBus
			}
			return bus.Reader(s, env)
		},
	}
}

// checkAlone reports a format whose records cannot stand alone in a message.
func checkAlone(c plugins.Config) error {
	if p := c.Payload(); p.Format == "csv" && p.Options.Bool("header") {
		return plugins.ConfigErrorf("format", "a message of a topic is one record and has no header row: write a block csv with header = false, and the names of the fields in columns")
	}
	return nil
}

func reads(c plugins.Config) (plugins.Capabilities, error) {
	kind, _ := c.Connector()
	if kind.Reads == nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("via", "topics cannot be read over a connection of kind %s", kind.Name)
	}
	return kind.Reads(c)
}

// subscription reads the configuration of a source.
func subscription(c plugins.Config, env plugins.Env) (Subscription, error) {
	topic, err := ParseTopic(c.String("topic"))
	if err != nil {
		return Subscription{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	s := Subscription{Topic: topic, Group: c.String("group"), Start: Start(c.String("start"))}
	if s.Group == "" {
		s.Group = fmt.Sprintf("%s.%s", env.Pipeline, env.Stage)
	}
	switch at := c.String("start_at"); {
	case s.Start == StartTimestamp && at == "":
		return s, plugins.ConfigErrorf("start", "say since when: start_at = \"2026-01-31T08:00:00Z\"")
	case s.Start != StartTimestamp && at != "":
		return s, plugins.ConfigErrorf("start_at", "it is for start = \"timestamp\"; write that, or leave it out")
	case at != "":
		if s.Since, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return s, plugins.ConfigErrorf("start_at", "%q is no time: write it like \"2026-01-31T08:00:00Z\"", at)
		}
	}
	return s, nil
}

func sinkKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "topic",
		Via:  Service,
		Schema: plugins.Schema{
			Doc: "Writes records to a topic of a bus. Which bus that is says only the connector. The stage's key is the key of the record, where the bus has keys, and says on which partition it goes; headers that records came with go on with them. A record that the bus does not take, such as one that is too large, goes to the error output.",
			Example: `connector "nats" "bus" { embedded = true }

sink "topic" "cooler" {
  from  = transform.hot
  via   = connector.bus
  topic = "cmd.${event.device}.cooler"
  body  = { boost = true, peak_c = event.peak_c }
}`,
			Attrs: []plugins.Attr{
				{Name: "topic", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.String), Doc: "The topic, as in the source; an expression, so that each record may say where it goes. A record whose topic cannot be the name of one fails."},
				{Name: "body", Type: plugins.AttrExprMap, Doc: "What is written in place of the record: an object of expressions."},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Topic:         "topic",
		Body:          "body",
		Headers:       true,
		Check: func(c plugins.Config) error {
			if _, err := publication(c); err != nil {
				return err
			}
			if _, err := writes(c); err != nil {
				return err
			}
			return checkAlone(c)
		},
		Capabilities: func(c plugins.Config) plugins.Capabilities {
			can, _ := writes(c) // Check has it
			return can
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Sink, error) {
			p, err := publication(c)
			if err != nil {
				return nil, err
			}
			bus, ok := env.Connection.(Bus)
			if !ok {
				return nil, errNoBus
			}
			return bus.Writer(p, env)
		},
	}
}

func writes(c plugins.Config) (plugins.Capabilities, error) {
	kind, _ := c.Connector()
	if kind.Writes == nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("via", "topics cannot be written over a connection of kind %s", kind.Name)
	}
	return kind.Writes(c)
}

// publication reads the configuration of a sink.
func publication(c plugins.Config) (Publication, error) {
	var p Publication
	name, same := plugins.ConstantOf(c.Expr("topic"))
	if !same {
		return p, nil
	}
	var err error
	if p.Topic, err = ParseTopic(name.Text); err != nil {
		return p, plugins.ConfigErrorf("topic", "%v", err)
	}
	if p.Topic.Pattern() {
		return p, plugins.ConfigErrorf("topic", "%q stands for several topics, and a record goes to one: write a name without * and >", name.Text)
	}
	return p, nil
}
