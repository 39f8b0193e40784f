package amqp

import (
	"crypto/tls"
	"net/url"
	"strconv"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// options are what a block says.
type options struct {
	url         string // without credentials
	username    string
	password    plugins.Secret
	vhost       string // "" for that of the url
	heartbeat   time.Duration
	bindingKey  string
	prefetch    int
	confirms    bool
	mandatory   bool
	window      int
	maxMessage  int64
	create      bool
	exchange    exchangeOptions
	queue       queueOptions
	tls         func() (*tls.Config, error)
	encrypted   bool
	failAtStart bool
	connect     time.Duration
	backoff     connectors.Backoff
}

type exchangeOptions struct {
	name    string
	kind    string
	durable bool
}

type queueOptions struct {
	name      string // "" for one of the group's own
	quorum    bool
	durable   bool
	single    bool
	arguments map[string]string
}

const defaultUser = "guest"

func optionsOf(c plugins.Config) options {
	o := options{
		url: c.String("url"), username: c.String("username"), password: c.Secret("password"), vhost: c.String("vhost"),
		heartbeat: c.Duration("heartbeat"), bindingKey: c.String("binding_key"), prefetch: int(c.Int("prefetch_count")),
		confirms: c.Bool("publisher_confirms"), mandatory: c.Bool("mandatory"), window: int(c.Int("max_inflight")),
		maxMessage: c.Int("max_message_bytes"), create: c.String("create") != "never",
		exchange: exchangeOf(c), queue: queueOf(c),
		tls:         func() (*tls.Config, error) { return connectors.TLSOf(c) },
		failAtStart: c.String("startup") == "fail", connect: c.Duration("connect_timeout"), backoff: connectors.BackoffOf(c),
	}
	if u, err := url.Parse(o.url); err == nil {
		o.encrypted = u.Scheme == "amqps"
	}
	if o.username == defaultUser && !c.Has("password") {
		o.password = plugins.NewSecret(defaultUser)
	}
	return o
}

func exchangeOf(c plugins.Config) exchangeOptions {
	o := exchangeOptions{name: "amq.topic", kind: "topic", durable: true}
	if len(c.Blocks("exchange")) > 0 {
		b := c.Block("exchange")
		o = exchangeOptions{name: b.String("name"), kind: b.String("type"), durable: b.Bool("durable")}
	}
	return o
}

func queueOf(c plugins.Config) queueOptions {
	o := queueOptions{durable: true, single: true}
	if len(c.Blocks("queue")) > 0 {
		b := c.Block("queue")
		o = queueOptions{
			name: b.String("name"), quorum: b.String("type") == "quorum", durable: b.Bool("durable"),
			single: b.Bool("single_active_consumer"), arguments: b.StringMap("arguments"),
		}
	}
	return o
}

// argument returns what an argument of a queue is sent as.
func argument(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}
