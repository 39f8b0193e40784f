package kafka

import (
	"context"
	"net"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Register adds the connector kafka.
//
// The sinks of a connection that has a transactional_id implement
// [plugins.Transactional].
func Register(r *plugins.Registry) error { return r.AddConnector(kind(nil)) }

// dialer makes connections to brokers.
type dialer func(ctx context.Context, network, host string) (net.Conn, error)

// kind returns the connector; dial is nil where brokers are reached at the
// addresses that they tell.
func kind(dial dialer) plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    "kafka",
		Service: connectors.Service,
		Schema: plugins.Schema{
			Doc: "Apache Kafka, or a server that speaks its protocol. Levels of a topic's name are written with dots between them, as in the pipeline. Sources of the same group divide the partitions among themselves.",
			Example: `connector "kafka" "plant" {
  bootstrap_servers = ["broker-1:9093", "broker-2:9093"]
  security_protocol = "SASL_SSL"
  compression_type  = "zstd"
  create            = "if_missing"
  sasl {
    mechanism = "SCRAM-SHA-512"
    username  = "onstream"
    password  = secret("env:KAFKA_PASSWORD")
  }
  topic {
    partitions         = 12
    replication_factor = 3
  }
}`,
			Attrs: connectors.Fields(
				plugins.Attr{Name: "bootstrap_servers", Type: plugins.AttrStrings, Required: true, Doc: "Addresses, such as \"broker-1:9092\", at which the cluster is asked for all its brokers."},
				plugins.Attr{Name: "client_id", Type: plugins.AttrString, Default: "onstream", Doc: "What the brokers' logs and quotas call this program."},
				plugins.Attr{Name: "rack", Type: plugins.AttrString, Doc: "Where this program runs: records are then read from a replica of the same rack, where the cluster has that."},
				plugins.Attr{Name: "security_protocol", Type: plugins.AttrString, Enum: []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}, Doc: "How to speak with the brokers; what the blocks sasl and tls ask for where it is left out."},
				plugins.Attr{Name: "metadata_max_age", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.01), Max: plugins.Bound(3600), Doc: "After what time topics and partitions that are new are found."},

				plugins.Attr{Name: "group_instance_id", Type: plugins.AttrString, Doc: "Makes this process a static member of its groups: it keeps its partitions when it is back within session_timeout. Each process of a group needs another one."},
				plugins.Attr{Name: "isolation_level", Type: plugins.AttrString, Default: "read_committed", Enum: []string{"read_committed", "read_uncommitted"}, Doc: "Whether records of transactions that are open, or were given up, are read."},
				plugins.Attr{Name: "session_timeout", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.1), Doc: "After what silence the group takes the partitions of a member away. So long, too, a process that was killed has to wait when it comes back, unless it has a group_instance_id."},
				plugins.Attr{Name: "heartbeat_interval", Type: plugins.AttrDuration, Default: 3 * time.Second, Min: plugins.Bound(0.01), Doc: "How often a member tells that it is there; a third of session_timeout at most."},
				plugins.Attr{Name: "rebalance_timeout", Type: plugins.AttrDuration, Default: time.Minute, Min: plugins.Bound(0.1), Doc: "How long members have to give up partitions. What is in flight then has two thirds of it to finish."},

				plugins.Attr{Name: "acks", Type: plugins.AttrString, Default: "all", Enum: []string{"all", "1", "0"}, Doc: "Who confirms a record: all replicas in sync, the partition's leader alone, or nobody."},
				plugins.Attr{Name: "enable_idempotence", Type: plugins.AttrBool, Default: true, Doc: "Whether brokers recognise a batch that is sent again after its confirmation was lost."},
				plugins.Attr{Name: "transactional_id", Type: plugins.AttrString, Doc: "Writes in transactions: readers with read_committed see all records of one, or none. It is the name under which the cluster knows the sink again after a restart; each sink that runs at a time needs a connector, or a process, with another one. What was committed last is kept in the group of that name."},
				plugins.Attr{Name: "transaction_timeout", Type: plugins.AttrDuration, Default: time.Minute, Min: plugins.Bound(1), Doc: "After what time the cluster gives up a transaction that is not finished."},
				plugins.Attr{Name: "compression_type", Type: plugins.AttrString, Default: "none", Enum: []string{"none", "gzip", "snappy", "lz4", "zstd"}, Doc: "How batches are compressed."},
				plugins.Attr{Name: "linger", Type: plugins.AttrDuration, Default: time.Duration(0), Min: plugins.Bound(0), Max: plugins.Bound(60), Doc: "How long a batch waits for more records. Without it, what comes while another batch is on its way makes the next."},
				plugins.Attr{Name: "max_message_bytes", Type: plugins.AttrSize, Min: plugins.Bound(1024), Max: plugins.Bound(1 << 30), Doc: "The largest record, and batch, that is written; a larger record goes to the error output. What the topic takes where it is left out."},
				plugins.Attr{Name: "buffer_memory", Type: plugins.AttrSize, Default: int64(32 << 20), Min: plugins.Bound(1024), Doc: "Bytes of records that wait for their confirmation, of each sink; when they are as many, the pipeline waits."},

				plugins.Attr{Name: "create", Type: plugins.AttrString, Default: "never", Enum: []string{"never", "if_missing"}, Doc: "Whether topics that do not exist are made, as the block topic says; otherwise they are an error."},
			),
			Blocks: connectors.Blocks(
				plugins.Block{Name: "sasl", Doc: "Who is to be let in.", Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "mechanism", Type: plugins.AttrString, Required: true, Enum: []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"}, Doc: "How that is proved."},
					{Name: "username", Type: plugins.AttrString, Doc: "The name; not for OAUTHBEARER."},
					{Name: "password", Type: plugins.AttrSecret, Doc: "The password; not for OAUTHBEARER."},
					{Name: "token", Type: plugins.AttrSecret, Doc: "The token of OAUTHBEARER."},
					{Name: "token_file", Type: plugins.AttrString, Doc: "A file with the token of OAUTHBEARER, which is read for each connection: whatever renews the token writes it there."},
				}}},
				connectors.TLSBlock(),
				plugins.Block{Name: "topic", Doc: "What topics are like that create makes.", Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "partitions", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(100_000), Doc: "The number of partitions; what the cluster says where it is left out."},
					{Name: "replication_factor", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(100), Doc: "On how many brokers each partition is; what the cluster says where it is left out."},
					{Name: "retention", Type: plugins.AttrDuration, Min: plugins.Bound(0.001), Doc: "How long records are kept."},
					{Name: "cleanup_policy", Type: plugins.AttrString, Enum: []string{"delete", "compact", "compact,delete"}, Doc: "What happens to old records: they are deleted, or only the last of each key is kept."},
					{Name: "min_insync_replicas", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(100), Doc: "How many replicas must have a record before it is confirmed."},
				}}},
			),
		},
		Check:  check,
		Reads:  reads,
		Writes: writes,
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			return newConnection(c, env, dial)
		},
	}
}
