package sinks

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

func discardKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "discard",
		Schema: plugins.Schema{
			Doc: "Takes records and forgets them: for measuring, and for outputs that nobody needs.",
			Example: `sink "discard" "nothing" {
  from = source.readings
}`,
		},
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Idempotent: true} },
		Direct:       func(plugins.Config) bool { return true },
		New:          func(plugins.Config, plugins.Env) (plugins.Sink, error) { return discard{}, nil },
	}
}

type discard struct{}

var _ plugins.Sink = discard{}

// Write implements [plugins.Sink].
func (discard) Write(_ context.Context, _ *plugins.Batch, done func(error)) error {
	done(nil)
	return nil
}

// Flush implements [plugins.Sink].
func (discard) Flush(context.Context) error { return nil }
