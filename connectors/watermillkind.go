package connectors

import "github.com/onstream/onstream/plugins"

// weakensWatermill is said of sources; see [FromWatermill].
const weakensWatermill = "the connection brings only as many records at once as its Watermill subscriber does without an acknowledgement (one, with most of them), so that it reads no more than that for each flush of a sink; it cannot be read from a position"

// WatermillKind makes a kind of connector of a Watermill pub/sub, for a program
// that registers it beside the built-in ones: `connector "NAME" "bus" {...}`
// with what schema says, which open is given. Opening does no input or output.
//
// What stages may rely on is the least: that an unacknowledged message comes again, and
// no order. Where the pub/sub does better, or worse, set Reads and Writes of the kind.
func WatermillKind(name string, schema plugins.Schema, open func(plugins.Config, plugins.Env) (Watermill, error)) plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    name,
		Service: Service,
		Schema:  schema,
		Reads: func(c plugins.Config) (plugins.Capabilities, error) {
			if topic, err := ParseTopic(c.String("topic")); err == nil && topic.Pattern() {
				return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%q stands for several topics, and a connection of kind %s reads one: write a stage for each", string(topic), name)
			}
			return plugins.Capabilities{Redelivers: true, Weakens: weakensWatermill}, nil
		},
		Writes: func(plugins.Config) (plugins.Capabilities, error) { return plugins.Capabilities{}, nil },
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			w, err := open(c, env)
			if err != nil {
				return nil, err
			}
			return FromWatermill(w), nil
		},
	}
}
