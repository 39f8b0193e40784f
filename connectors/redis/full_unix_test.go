//go:build unix

package redis_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// A server that is out of memory takes nothing for now, and nothing of it is written.
func TestServerOutOfMemory(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	bus := open(t, config(t, o.addr, nil))
	err := bustest.Put(t, bus, "a.b", "1", "2")
	var rows plugins.RowErrors
	if plugins.IsPermanent(err) || errors.As(err, &rows) {
		t.Errorf("it is not for a while: %v", err)
	}
	bustest.Says(t, err, "OOM command not allowed when used memory > 'maxmemory'")
	if n := raw(t, o.addr).Exists(t.Context(), "a:b").Val(); n != 0 {
		t.Error("something was written")
	}
}

func TestServerWithPassword(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "--requirepass", "hunter2")
	bustest.Refused(t, open(t, config(t, o.addr, nil)), bustest.Subscribe("a"), "the server wants to know who connects: set password, and username where it has an ACL")
	bustest.Refused(t, open(t, config(t, o.addr, map[string]any{"password": plugins.NewSecret("hunter22")})), bustest.Subscribe("a"), "the credentials are not accepted")
	bus := open(t, config(t, o.addr, map[string]any{"password": plugins.NewSecret("hunter2")}))
	if err := bustest.Put(t, bus, "a", "1"); err != nil {
		t.Error(err)
	}
}

// Replicas that do not confirm are waited for, and then it is written again.
func TestMissingReplicas(t *testing.T) {
	t.Parallel()
	o := newOwn(t)
	err := bustest.Put(t, open(t, config(t, o.addr, map[string]any{"wait_replicas": int64(2), "read_timeout": 200 * time.Millisecond})), "a", "1")
	if err == nil || plugins.IsPermanent(err) {
		t.Errorf("the sink says %v", err)
	}
	bustest.Says(t, err, "0 replicas have it, and wait_replicas asks for 2")
}

func TestCluster(t *testing.T) {
	t.Parallel()
	_, port, _ := net.SplitHostPort(bustest.Nowhere(t)) // else it is ten thousand above the other, where anyone may listen
	o := newOwn(t, "--cluster-enabled", "yes", "--cluster-port", port, "--appendonly", "no")
	client := goredis.NewClient(&goredis.Options{Addr: o.addr})
	defer func() { _ = client.Close() }() // the test is over
	if err := client.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", "0", "16383").Err(); err != nil {
		t.Fatal(err)
	}
	bus := open(t, config(t, o.addr, map[string]any{"cluster": true, "partitions": int64(8), "db": int64(0)}))
	var want []string
	for i := range 500 {
		want = append(want, fmt.Sprint(i))
	}
	out := &bustest.Outlet{}
	reading := bustest.Read(t, bus, bustest.Subscribe("plant.temp"), out)
	for i := 0; i < len(want); i += 50 {
		for bustest.Put(t, bus, "plant.temp", want[i:i+50]...) != nil { // the cluster may not be ready yet
			time.Sleep(10 * time.Millisecond)
		}
	}
	seen := strings.Join(out.Await(t, len(want)), " ") + " "
	for _, v := range want {
		if !strings.Contains(seen, v+" ") {
			t.Fatalf("record %s is missing", v)
		}
	}
	reading.Stop(t)
}
