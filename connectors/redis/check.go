package redis

import (
	"net"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// check finds what the schema cannot say.
func check(c plugins.Config) error {
	addrs := c.Strings("addrs")
	if len(addrs) == 0 {
		return plugins.ConfigErrorf("addrs", "name at least one server, such as \"redis.example.com:6379\"")
	}
	for _, a := range addrs {
		if strings.ContainsAny(a, "@/") {
			return plugins.ConfigErrorf("addrs", "it is no URL, and holds no password: write \"redis.example.com:6379\", and set username, password, db and tls where they are needed")
		}
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			return plugins.ConfigErrorf("addrs", "%q is no address of a server: write it like \"redis.example.com:6379\"", a)
		}
	}
	sentinels := c.Has("master_name")
	cluster := optionsOf(c).cluster
	switch {
	case cluster && sentinels:
		return plugins.ConfigErrorf("cluster", "master_name is for sentinels, and a cluster has none: leave one of them out")
	case cluster && c.Int("db") != 0:
		return plugins.ConfigErrorf("db", "a cluster has database 0 only: leave it out")
	case cluster && c.Int("wait_replicas") > 0:
		return plugins.ConfigErrorf("wait_replicas", "it is not for clusters: leave it out, and set min-replicas-to-write at the servers")
	case !sentinels && (c.Has("sentinel_username") || c.Has("sentinel_password")):
		return plugins.ConfigErrorf("sentinel_password", "there are no sentinels: set master_name, or leave this out")
	case c.Has("username") && !c.Has("password"):
		return plugins.ConfigErrorf("username", "set password, too")
	}
	if f := c.String("value_field"); f == "" || f == keyField || strings.HasPrefix(f, headerPrefix) {
		return plugins.ConfigErrorf("value_field", "%q is the field of something else: choose another name", f)
	}
	return connectors.CheckTLS(c)
}

// reads says what a source over the connection can promise.
func reads(stage plugins.Config) (plugins.Capabilities, error) {
	topic, err := connectors.ParseTopic(stage.String("topic"))
	if err == nil {
		_, err = baseOf(topic)
	}
	if err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	return plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true, Ordered: true}, nil
}

// writes says what a sink over the connection can promise.
func writes(stage plugins.Config) (plugins.Capabilities, error) {
	_, c := stage.Connector()
	can := plugins.Capabilities{Ordered: true, Weakens: "what the server confirmed in its last second or two is lost when it dies, unless it runs with appendonly yes and appendfsync always"}
	if c.Has("maxlen") {
		can.Weakens = "the oldest records of a stream that has more than maxlen are dropped, whether they were read or not"
	}
	return can, nil
}
