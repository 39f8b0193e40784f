package nats

import (
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// reads says what a source over the connection promises.
func reads(stage plugins.Config) (plugins.Capabilities, error) {
	_, c := stage.Connector()
	topic, err := connectors.ParseTopic(stage.String("topic"))
	if err == nil {
		var subject string
		if subject, err = subjectOf(topic); err == nil {
			err = taken(optionsOf(c), subject)
		}
	}
	if err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	return plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true, Ordered: true, Weakens: weakens(optionsOf(c))}, nil
}

// writes says what a sink over the connection promises.
func writes(stage plugins.Config) (plugins.Capabilities, error) {
	_, c := stage.Connector()
	o := optionsOf(c)
	if name, same := plugins.ConstantOf(stage.Expr("topic")); same {
		topic, err := connectors.ParseTopic(name.Text)
		if err == nil {
			var subject string
			if subject, err = subjectOf(topic); err == nil {
				err = taken(o, subject)
			}
		}
		if err != nil {
			return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
		}
	}
	can := plugins.Capabilities{Ordered: true, Weakens: weakens(o)}
	if o.msgID == "key" {
		if !stage.Has("key") {
			return can, plugins.ConfigErrorf("key", "msg_id = \"key\" of its connector sends the keys of records: set key to what tells a record from all others, such as key = event.id")
		}
		can.Idempotent = true
		if can.Weakens == "" {
			can.Weakens = fmt.Sprintf("a record that is written again more than %s after the first time counts twice (duplicate_window)", duplicateWindow(o))
		}
	}
	return can, nil
}

// taken reports a topic that the named stream would not take.
func taken(o options, subject string) error {
	if len(o.stream.subjects) == 0 {
		return nil
	}
	for _, s := range o.stream.subjects {
		if covers(s, subject) || covers(subject, s) {
			return nil
		}
	}
	return fmt.Errorf("%s is not among the subjects that stream %s of its connector takes: add it to subjects, or leave them out", subject, o.stream.name)
}

func duplicateWindow(o options) string {
	if o.stream.duplicates == 0 {
		return "2m0s"
	}
	return o.stream.duplicates.String()
}

// weakens says what the configuration does not keep from happening to records.
func weakens(o options) string {
	lost := volatile(o)
	if !o.open() {
		return lost
	}
	anybody := fmt.Sprintf("everybody who reaches the embedded server at %s may read, write and remove its records (set token, or username and password)", o.listen)
	if lost == "" {
		return anybody
	}
	return lost + "; " + anybody
}

// volatile says what a failure loses of what was confirmed.
func volatile(o options) string {
	switch {
	case o.stream.storage == jetstream.MemoryStorage:
		return "the streams are kept in memory: when their server ends, they are gone"
	case len(o.servers) > 0:
		return ""
	case o.durability == "interval":
		return fmt.Sprintf("a power failure loses what the embedded server has confirmed in the last %s (durability)", o.syncInterval)
	case o.durability == "os":
		return "a power failure may lose what the embedded server has confirmed in the last minutes (durability)"
	}
	return ""
}
