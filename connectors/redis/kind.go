package redis

import (
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Register adds the kind redis of connections.
func Register(r *plugins.Registry) error { return r.AddConnector(kind()) }

// maxPartitions bounds the streams of a topic.
const maxPartitions = 256

func kind() plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:       "redis",
		Service:    connectors.Service,
		Schema:     schema(),
		Check:      check,
		Reads:      reads,
		Writes:     writes,
		Partitions: func(c plugins.Config) int64 { return c.Int("partitions") },
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			return newConnection(optionsOf(c), env)
		},
	}
}

func schema() plugins.Schema {
	return plugins.Schema{
		Doc: "Redis streams, of Redis 5 or newer and what is compatible with it. A topic is a stream, whose key has colons between the levels (`plant.d1.temp` is `plant:d1:temp`), or with partitions several: `plant:d1:temp:0` and so on. An entry has the payload in the field `value`, the key in `key`, and each header in `header:NAME`; an entry without the first is read as an object of its fields. What is confirmed is as durable as the server stores it: see appendfsync of its configuration.",
		Example: `connector "redis" "bus" {
  addrs      = ["redis.example.com:6379"]
  password   = secret("env:REDIS_PASSWORD")
  partitions = 4
}`,
		Attrs: connectors.Fields(
			plugins.Attr{Name: "addrs", Type: plugins.AttrStrings, Required: true, Doc: "HOST:PORT of the server, of several nodes of a cluster, or, with master_name, of the sentinels."},
			plugins.Attr{Name: "cluster", Type: plugins.AttrBool, Default: false, Doc: "Whether a single address is that of a cluster. Several are, unless there is a master_name."},
			plugins.Attr{Name: "master_name", Type: plugins.AttrString, Doc: "What the sentinels call the server."},
			plugins.Attr{Name: "username", Type: plugins.AttrString, Doc: "Who connects, where the server has an ACL."},
			plugins.Attr{Name: "password", Type: plugins.AttrSecret, Doc: "The user's password, or that of the server."},
			plugins.Attr{Name: "sentinel_username", Type: plugins.AttrString, Doc: "Who connects to the sentinels."},
			plugins.Attr{Name: "sentinel_password", Type: plugins.AttrSecret, Doc: "The password for the sentinels."},
			plugins.Attr{Name: "db", Type: plugins.AttrInt, Default: int64(0), Min: plugins.Bound(0), Max: plugins.Bound(1 << 16), Doc: "The number of the database."},
			plugins.Attr{Name: "partitions", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(1), Max: plugins.Bound(maxPartitions), Doc: "How many streams a topic has, among which its records are divided by key. Processes of a group share them. All who write and read a topic need the same number: one that is smaller than the number of streams is refused, but for sinks whose records say their topic."},
			plugins.Attr{Name: "value_field", Type: plugins.AttrString, Default: "value", Doc: "The field of an entry that is the payload."},
			plugins.Attr{Name: "maxlen", Type: plugins.AttrInt, Min: plugins.Bound(1), Doc: "How many records a stream keeps, more or less: the oldest beyond it are dropped with each write, whether they were read or not. Without it, streams grow until somebody trims them."},
			plugins.Attr{Name: "wait_replicas", Type: plugins.AttrInt, Default: int64(0), Min: plugins.Bound(0), Max: plugins.Bound(100), Doc: "How many replicas must have a record before it counts as written. Not for clusters."},
			plugins.Attr{Name: "block", Type: plugins.AttrDuration, Default: 500 * time.Millisecond, Min: plugins.Bound(0.001), Max: plugins.Bound(5), Doc: "How long the server is asked to wait for records at a time; a source takes up to that long to end."},
			plugins.Attr{Name: "claim_idle", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.3), Max: plugins.Bound(3600), Doc: "After which silence a reader is taken for dead: another member of the group gets its streams, and what it has not acknowledged is claimed. Other programs in the group are waited for that long, too."},
			plugins.Attr{Name: "read_timeout", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.1), Max: plugins.Bound(600), Doc: "How long the server may take to answer, beyond block."},
			plugins.Attr{Name: "max_inflight", Type: plugins.AttrInt, Default: int64(8192), Min: plugins.Bound(1), Max: plugins.Bound(1 << 20), Doc: "Records that a sink may have without an answer; what comes while others are on their way is sent together."},
			plugins.Attr{Name: "max_message_bytes", Type: plugins.AttrSize, Default: int64(64 << 20), Min: plugins.Bound(1), Max: plugins.Bound(512 << 20), Doc: "The largest record that is written: a larger one goes to the error output. Redis takes 512 MiB at most (proto-max-bulk-len)."},
			plugins.Attr{Name: "create", Type: plugins.AttrString, Default: "if_missing", Enum: []string{"never", "if_missing"}, Doc: "Whether streams that do not exist are made. With never, that is an error. Groups are made in any case."},
		),
		Blocks: connectors.Blocks(connectors.TLSBlock()),
	}
}
