package nats

import (
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Register adds the kind nats of connections. The connections of one registry know of
// each other: they do not take each other's folders or leases.
func Register(r *plugins.Registry) error { return r.AddConnector(kind(newHub())) }

// maxPartitions bounds the partitions of a stream.
const maxPartitions = 256

func kind(h *hub) plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    "nats",
		Service: connectors.Service,
		Schema:  schema(),
		Check:   check,
		Reads:   reads,
		Writes:  writes,
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			return newConnection(optionsOf(c), env, h), nil
		},
	}
}

func schema() plugins.Schema {
	return plugins.Schema{
		Doc: "NATS with JetStream: a server inside the process, or servers that run elsewhere. A topic is a subject; a stream keeps its records, and is made for the topic's first level where none takes the subject. A record's key is the header Onstream-Key.",
		Example: `# A server in the process, which keeps its streams where the pipeline keeps its state.
connector "nats" "bus" {}

# One that others can reach, too.
connector "nats" "edge" {
  listen    = "0.0.0.0:4222"
  token     = secret("env:BUS_TOKEN")
  store_dir = "/var/lib/onstream/bus"
}

# A cluster that runs elsewhere.
connector "nats" "cloud" {
  servers    = ["tls://nats1.example.com:4222", "tls://nats2.example.com:4222"]
  creds_file = "/run/secrets/bus.creds"
  stream {
    num_replicas = 3
    max_age      = "72h"
  }
}`,
		Attrs: connectors.Fields(
			plugins.Attr{Name: "servers", Type: plugins.AttrStrings, Doc: "Servers that run elsewhere: URLs such as \"nats://127.0.0.1:4222\" or \"tls://...\", of which one is enough to find the others of its cluster. Without it a server runs in the process."},
			plugins.Attr{Name: "embedded", Type: plugins.AttrBool, Doc: "Whether a server runs in the process: true where no servers are named."},
			plugins.Attr{Name: "listen", Type: plugins.AttrString, Doc: "Address and port at which the embedded server lets other processes in, such as \"127.0.0.1:4222\"; port 0 is any free port. Without it nobody else can connect."},
			plugins.Attr{Name: "store_dir", Type: plugins.AttrString, Doc: "Folder of the embedded server's streams; without it that is in the folder of the pipeline's state, or, without --state, in memory only."},
			plugins.Attr{Name: "durability", Type: plugins.AttrString, Default: "interval", Enum: []string{"fsync", "interval", "os"}, Doc: "When the embedded server forces to disk what it has confirmed: each record before it is confirmed (fsync: some hundred to a few thousand records a second), every sync_interval (a power failure loses what was confirmed since), or when the system likes to (os: a power failure may lose the last minutes). A crash of the process alone loses nothing in any case."},
			plugins.Attr{Name: "sync_interval", Type: plugins.AttrDuration, Default: 250 * time.Millisecond, Min: plugins.Bound(0.01), Max: plugins.Bound(3600), Doc: "For durability = \"interval\"."},
			plugins.Attr{Name: "max_payload", Type: plugins.AttrSize, Default: int64(1 << 20), Min: plugins.Bound(1024), Max: plugins.Bound(64 << 20), Doc: "The largest record that the embedded server takes, with its headers."},
			plugins.Attr{Name: "max_file_store", Type: plugins.AttrSize, Min: plugins.Bound(1 << 20), Doc: "How much disk all streams of the embedded server may take; without it three quarters of what is free. When it is full, writers wait; what groups keep of themselves is still stored, so that reading goes on."},
			plugins.Attr{Name: "max_memory_store", Type: plugins.AttrSize, Default: int64(256 << 20), Min: plugins.Bound(1 << 20), Doc: "How much memory streams of the embedded server that are kept in memory may take. When it is full, writers wait, as with max_file_store."},
			plugins.Attr{Name: "creds_file", Type: plugins.AttrString, Doc: "File with a user's JWT and NKey seed, as `nsc` writes it."},
			plugins.Attr{Name: "nkey_seed_file", Type: plugins.AttrString, Doc: "File with a user's NKey seed."},
			plugins.Attr{Name: "token", Type: plugins.AttrSecret, Doc: "The token of the servers; with listen, what others need to be let in."},
			plugins.Attr{Name: "username", Type: plugins.AttrString, Doc: "Who connects; with listen, who is let in."},
			plugins.Attr{Name: "password", Type: plugins.AttrSecret, Doc: "The user's password."},
			plugins.Attr{Name: "jetstream_domain", Type: plugins.AttrString, Doc: "The JetStream domain, where it is not that of the servers: a leaf node's hub, for example."},
			plugins.Attr{Name: "create", Type: plugins.AttrString, Default: "if_missing", Enum: []string{"never", "if_missing"}, Doc: "Whether a stream is made for a topic that none takes. With never, that is an error."},
			plugins.Attr{Name: "partitions", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(1), Max: plugins.Bound(maxPartitions), Doc: "Into how many partitions the streams that are made divide their records, by key or, without one, by subject: so many processes of a group can share the work; servers that run elsewhere have that from version 2.10 on. The stored subjects then begin with the number of the partition. A stream's partitions cannot be changed."},
			plugins.Attr{Name: "msg_id", Type: plugins.AttrString, Default: "none", Enum: []string{"none", "key"}, Doc: "What records get as Nats-Msg-Id, by which a server drops what it took within duplicate_window before: nothing, or the record's key, where the key tells a record from all others: then neither a lost connection nor a restart writes anything twice. The server remembers each of them for duplicate_window."},
			plugins.Attr{Name: "max_inflight", Type: plugins.AttrInt, Default: int64(4096), Min: plugins.Bound(1), Max: plugins.Bound(1 << 16), Doc: "Records that a sink may have sent without an answer."},
			plugins.Attr{Name: "ack_timeout", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.1), Doc: "How long a sink waits for any answer before it writes again what has none."},
			plugins.Attr{Name: "session_timeout", Type: plugins.AttrDuration, Default: 6 * time.Second, Min: plugins.Bound(0.4), Max: plugins.Bound(600), Doc: "After which silence a member of a group is taken for dead, so that others get its partitions."},
		),
		Blocks: connectors.Blocks(connectors.TLSBlock(), streamBlock(), consumerBlock()),
	}
}

func streamBlock() plugins.Block {
	return plugins.Block{Name: "stream", Doc: "What streams that are made are like. A stream that is there already stays as it is.", Schema: plugins.Schema{Attrs: []plugins.Attr{
		{Name: "name", Type: plugins.AttrString, Doc: "The stream of all topics over this connection; without it each first level of topics has one of its own."},
		{Name: "subjects", Type: plugins.AttrStrings, Doc: "What the named stream takes; without it the first levels of the topics in use, with everything below."},
		{Name: "storage", Type: plugins.AttrString, Default: "file", Enum: []string{"file", "memory"}, Doc: "Where records are kept."},
		{Name: "retention", Type: plugins.AttrString, Default: "limits", Enum: []string{"limits", "interest", "workqueue"}, Doc: "What is kept: all within the limits; what some group has not read; or what nobody has read."},
		{Name: "discard", Type: plugins.AttrString, Default: "old", Enum: []string{"old", "new"}, Doc: "What gives way at max_bytes: the oldest records, or new ones: then writers wait."},
		{Name: "max_age", Type: plugins.AttrDuration, Min: plugins.Bound(0.1), Doc: "How long records are kept; without it for ever."},
		{Name: "max_bytes", Type: plugins.AttrSize, Min: plugins.Bound(1), Doc: "How much is kept; without it everything."},
		{Name: "num_replicas", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(1), Max: plugins.Bound(5), Doc: "On how many servers of a cluster."},
		{Name: "duplicate_window", Type: plugins.AttrDuration, Min: plugins.Bound(0.1), Doc: "How long a Nats-Msg-Id is remembered; 2 minutes where it is not said."},
	}}}
}

func consumerBlock() plugins.Block {
	return plugins.Block{Name: "consumer", Doc: "How streams are read.", Schema: plugins.Schema{Attrs: []plugins.Attr{
		{Name: "durable", Type: plugins.AttrString, Doc: "What the names of the consumers begin with; the group's name where it is not said. Such consumers stay when nobody reads."},
		{Name: "ack_policy", Type: plugins.AttrString, Enum: []string{"none", "all"}, Doc: "Whether the server keeps track of what is not acknowledged: it costs its memory, and shows in its tools. Without it, where the retention of the stream needs it. The positions of a group are kept in its table in any case."},
		{Name: "deliver_policy", Type: plugins.AttrString, Enum: []string{"all", "new", "last", "last_per_subject"}, Doc: "Where to begin, instead of the source's start."},
		{Name: "ack_wait", Type: plugins.AttrDuration, Default: 5 * time.Minute, Min: plugins.Bound(1), Doc: "After which time a server that keeps track may bring a record again. The reader drops it."},
		{Name: "max_deliver", Type: plugins.AttrInt, Default: int64(-1), Min: plugins.Bound(-1), Doc: "How often a server that keeps track brings a record at most; -1 is without end."},
		{Name: "max_ack_pending", Type: plugins.AttrInt, Default: int64(-1), Min: plugins.Bound(-1), Doc: "How many records a server that keeps track brings without acknowledgement; -1 is without end. Records are acknowledged with a checkpoint where the pipeline keeps state, so this is to be more than there are in one interval."},
	}}}
}
