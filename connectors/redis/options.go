package redis

import (
	"crypto/tls"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// options are what a block says.
type options struct {
	addrs            []string
	cluster          bool
	masterName       string
	username         string
	password         plugins.Secret
	sentinelUsername string
	sentinelPassword plugins.Secret
	db               int
	partitions       int
	valueField       string
	maxlen           int64
	waitReplicas     int
	block            time.Duration
	claimIdle        time.Duration
	readTimeout      time.Duration
	window           int
	maxMessage       int64
	create           bool
	tls              func() (*tls.Config, error)
	failAtStart      bool
	connect          time.Duration
	backoff          connectors.Backoff
}

func optionsOf(c plugins.Config) options {
	return options{
		addrs: c.Strings("addrs"), masterName: c.String("master_name"),
		cluster:  c.Bool("cluster") || len(c.Strings("addrs")) > 1 && !c.Has("master_name"),
		username: c.String("username"), password: c.Secret("password"),
		sentinelUsername: c.String("sentinel_username"), sentinelPassword: c.Secret("sentinel_password"),
		db: int(c.Int("db")), partitions: int(c.Int("partitions")), valueField: c.String("value_field"), maxlen: c.Int("maxlen"),
		waitReplicas: int(c.Int("wait_replicas")), block: c.Duration("block"), claimIdle: c.Duration("claim_idle"),
		readTimeout: c.Duration("read_timeout"), window: int(c.Int("max_inflight")), maxMessage: c.Int("max_message_bytes"),
		create: c.String("create") != "never", tls: func() (*tls.Config, error) { return connectors.TLSOf(c) },
		failAtStart: c.String("startup") == "fail", connect: c.Duration("connect_timeout"), backoff: connectors.BackoffOf(c),
	}
}
