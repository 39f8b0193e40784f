package nats

import (
	"crypto/tls"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// options are what a block says.
type options struct {
	servers       []string // none: embedded
	listen        string
	storeDir      string
	durability    string
	syncInterval  time.Duration
	maxPayload    int64
	maxFile       int64
	maxMemory     int64
	credsFile     string
	seedFile      string
	token         plugins.Secret
	username      string
	password      plugins.Secret
	domain        string
	tls           func() (*tls.Config, error)
	create        bool
	partitions    int
	msgID         string
	maxInFlight   int
	ackTimeout    time.Duration
	session       time.Duration
	failAtStart   bool
	connect       time.Duration
	backoff       connectors.Backoff
	stream        streamOptions
	consumer      consumerOptions
	authenticated bool // someone who connects must say who it is
}

type streamOptions struct {
	name       string
	subjects   []string
	storage    jetstream.StorageType
	retention  jetstream.RetentionPolicy
	discard    jetstream.DiscardPolicy
	maxAge     time.Duration
	maxBytes   int64
	replicas   int
	duplicates time.Duration
}

type consumerOptions struct {
	durable       string
	ackPolicy     string
	deliverPolicy string
	ackWait       time.Duration
	maxDeliver    int
	maxAckPending int
}

func optionsOf(c plugins.Config) options {
	o := options{
		servers: c.Strings("servers"), listen: c.String("listen"), storeDir: c.String("store_dir"),
		durability: c.String("durability"), syncInterval: c.Duration("sync_interval"),
		maxPayload: c.Int("max_payload"), maxFile: c.Int("max_file_store"), maxMemory: c.Int("max_memory_store"),
		credsFile: c.String("creds_file"), seedFile: c.String("nkey_seed_file"), token: c.Secret("token"),
		username: c.String("username"), password: c.Secret("password"), domain: c.String("jetstream_domain"),
		tls:    func() (*tls.Config, error) { return connectors.TLSOf(c) },
		create: c.String("create") != "never", partitions: int(c.Int("partitions")), msgID: c.String("msg_id"),
		maxInFlight: int(c.Int("max_inflight")), ackTimeout: c.Duration("ack_timeout"), session: c.Duration("session_timeout"),
		failAtStart: c.String("startup") == "fail", connect: c.Duration("connect_timeout"), backoff: connectors.BackoffOf(c),
		stream: streamOptionsOf(c), consumer: consumerOptionsOf(c.Block("consumer")),
	}
	o.authenticated = o.token.Reveal() != "" || o.username != ""
	return o
}

func streamOptionsOf(c plugins.Config) streamOptions {
	b := c.Block("stream")
	s := streamOptions{
		name: b.String("name"), subjects: b.Strings("subjects"), maxAge: b.Duration("max_age"), maxBytes: b.Int("max_bytes"),
		replicas: max(1, int(b.Int("num_replicas"))), duplicates: b.Duration("duplicate_window"),
	}
	if b.String("storage") == "memory" {
		s.storage = jetstream.MemoryStorage
	}
	switch b.String("retention") {
	case "interest":
		s.retention = jetstream.InterestPolicy
	case "workqueue":
		s.retention = jetstream.WorkQueuePolicy
	}
	if b.String("discard") == "new" {
		s.discard = jetstream.DiscardNew
	}
	return s
}

func consumerOptionsOf(b plugins.Config) consumerOptions {
	o := consumerOptions{
		durable: b.String("durable"), ackPolicy: b.String("ack_policy"), deliverPolicy: b.String("deliver_policy"),
		ackWait: b.Duration("ack_wait"), maxDeliver: int(b.Int("max_deliver")), maxAckPending: int(b.Int("max_ack_pending")),
	}
	if o.maxDeliver == 0 {
		o.maxDeliver = -1
	}
	if o.maxAckPending == 0 {
		o.maxAckPending = -1
	}
	return o
}
