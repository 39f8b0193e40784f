package redis_test

import (
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What cannot be right is said when the pipeline is built.
func TestCheck(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	one, two := []string{"h:6379"}, []string{"a:1", "b:1"}
	for name, c := range map[string]struct {
		values map[string]any
		want   string
	}{
		"nowhere":           {map[string]any{"addrs": []string{}}, `addrs: name at least one server, such as "redis.example.com:6379"`},
		"URL":               {map[string]any{"addrs": []string{"redis://me:hunter2@h:6379/0"}}, `addrs: it is no URL, and holds no password: write "redis.example.com:6379", and set username, password, db and tls where they are needed`},
		"no port":           {map[string]any{"addrs": []string{"h"}}, `addrs: "h" is no address of a server: write it like "redis.example.com:6379"`},
		"cluster, sentinel": {map[string]any{"addrs": one, "cluster": true, "master_name": "m"}, "cluster: master_name is for sentinels, and a cluster has none: leave one of them out"},
		"cluster, database": {map[string]any{"addrs": two, "db": int64(1)}, "db: a cluster has database 0 only: leave it out"},
		"cluster, replicas": {map[string]any{"addrs": two, "wait_replicas": int64(1)}, "wait_replicas: it is not for clusters: leave it out, and set min-replicas-to-write at the servers"},
		"no sentinels":      {map[string]any{"addrs": one, "sentinel_password": plugins.NewSecret("hunter2")}, "sentinel_password: there are no sentinels: set master_name, or leave this out"},
		"no password":       {map[string]any{"addrs": one, "username": "u"}, "username: set password, too"},
		"taken field":       {map[string]any{"addrs": one, "value_field": "key"}, `value_field: "key" is the field of something else: choose another name`},
	} {
		bustest.Says(t, kind.Check(bustest.Block(kind.Schema, c.values)), c.want)
		_ = name
	}
	for _, values := range []map[string]any{{"addrs": one}, {"addrs": two, "password": plugins.NewSecret("p")}, {"addrs": two, "master_name": "m", "db": int64(3)}} {
		if err := kind.Check(bustest.Block(kind.Schema, values)); err != nil {
			t.Errorf("%v: %v", values, err)
		}
	}
}

func TestPromises(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	stage := func(topic string) plugins.Config {
		return plugins.NewConfig(map[string]any{"topic": topic}).WithConnector(kind, bustest.Block(kind.Schema, map[string]any{"addrs": []string{"h:1"}}))
	}
	can, err := kind.Reads(stage("a.b"))
	if want := (plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true, Ordered: true}); err != nil || can != want {
		t.Errorf("%+v, %v", can, err)
	}
	_, err = kind.Reads(stage("a.*"))
	bustest.Says(t, err, `topic: "a.*" stands for several topics, and Redis has no patterns of streams: write a stage for each`)
}
