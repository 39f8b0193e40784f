package memory

import (
	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Register adds the kind memory. What connections of one registry name alike, they
// share.
func Register(r *plugins.Registry) error {
	return r.AddConnector(kind(&hub{buses: map[string]*bus{}}))
}

const weakens = "what is in the memory bus is lost when the process ends"

func kind(h *hub) plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    "memory",
		Service: connectors.Service,
		Schema: plugins.Schema{
			Doc: "A bus inside the process, for tests and for pipelines that run side by side. Topics come into being when they are first used. All that was written stays until there is too much of it, for any number of groups to read; a writer waits rather than that something is dropped which a group has not read. Nothing outlives the process.",
			Example: `connector "memory" "bus" {
  name       = "plant"
  partitions = 4
}`,
			Attrs: []plugins.Attr{
				{Name: "name", Type: plugins.AttrString, Doc: "Connections with the same name share their topics, also those of different pipelines in one process. Without it, the topics are those of this block alone."},
				{Name: "partitions", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(1), Max: plugins.Bound(maxPartitions), Doc: "The partitions of topics that come into being over this connection. Records with the same key are on the same one; those without go, batch by batch, to one after the other."},
				{Name: "max_bytes", Type: plugins.AttrSize, Default: int64(64 << 20), Min: plugins.Bound(1024), Doc: "How much a partition holds. Beyond it, the oldest records that all groups have read make room; while there are none, writers wait, also for the first group to come."},
				{Name: "inactive_threshold", Type: plugins.AttrDuration, Default: defaultInactive, Min: plugins.Bound(0), Doc: "After which time a group without members does not keep writers waiting any more. What is dropped then is logged."},
			},
		},
		Reads: func(plugins.Config) (plugins.Capabilities, error) {
			return plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true, Ordered: true, Weakens: weakens}, nil
		},
		Writes: func(plugins.Config) (plugins.Capabilities, error) {
			return plugins.Capabilities{Ordered: true, Weakens: weakens}, nil
		},
		Partitions: func(c plugins.Config) int64 { return c.Int("partitions") },
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			return h.open(c, env), nil
		},
	}
}
