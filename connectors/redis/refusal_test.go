package redis_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// raw is a client past the connector.
func raw(t testing.TB, addr string) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: addr, DB: database})
	t.Cleanup(func() { _ = c.Close() }) // the test is over
	return c
}

func TestAbsentServerAtStart(t *testing.T) {
	t.Parallel()
	addr := bustest.Nowhere(t)
	bus := open(t, config(t, addr, map[string]any{"startup": "fail"}))
	bustest.Refused(t, bus, bustest.Subscribe("a"), "connect at "+addr, "connection refused", `start it, correct addrs, or let a pipeline wait for it with startup = "wait"`)
	bustest.Permanent(t, bustest.Open(t, bus, "a"), "connection refused")
	bus = open(t, config(t, addr, nil)) // it waits
	bustest.Waits(t, bus, bustest.Subscribe("a"))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	addr := server(t)
	secret := plugins.NewSecret("hunter2")
	bustest.Refused(t, open(t, config(t, addr, map[string]any{"username": "nobody", "password": secret})), bustest.Subscribe("a"), addr, "the credentials are not accepted: check username and password")
	bustest.Refused(t, open(t, config(t, addr, map[string]any{"db": int64(60000)})), bustest.Subscribe("a"), addr, "the server does not have that many databases: correct db")
	tls := bustest.Nested(kindOf(t).Schema, "tls", nil)
	bustest.Refused(t, open(t, config(t, addr, map[string]any{"connect_timeout": 300 * time.Millisecond}, tls)), bustest.Subscribe("a"), addr, "the server speaks no TLS there: use another port, or leave the block tls out")

	never := open(t, config(t, addr, map[string]any{"create": "never"}))
	topic := bustest.Unused()
	bustest.Refused(t, never, bustest.Subscribe(topic), "there is no stream test:n", addr, `make it, correct the topic, or write create = "if_missing"`)
	bustest.Says(t, bustest.Open(t, never, topic), "there is no stream test:n", `make it, correct the topic, or write create = "if_missing"`)
	var rows plugins.RowErrors
	if err := bustest.Put(t, never, topic, "x"); !errors.As(err, &rows) {
		t.Errorf("the sink says %v", err)
	}
	bustest.Says(t, rows, "there is no stream test:n")
}

func TestKeyOfSomethingElse(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := bustest.Unused()
	client := raw(t, addr)
	key := "test:" + topic[len("test."):]
	if err := client.Set(t.Context(), key, "x", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	bus := open(t, config(t, addr, nil))
	bustest.Refused(t, bus, bustest.Subscribe(topic), "the key holds something that is not a stream: delete it, or choose another topic")
	bustest.Says(t, bustest.Open(t, bus, topic), "the key "+key, "holds something that is not a stream (string): delete it, or choose another topic")
	var rows plugins.RowErrors
	if err := bustest.Put(t, bus, topic, "x", "y"); !errors.As(err, &rows) || len(rows) != 2 {
		t.Errorf("the sink says %v", err)
	}
	bustest.Says(t, rows, "the key "+key+" holds something that is not a stream")
}

// Who reads or writes a topic as if it were divided otherwise is told, and writes nothing.
func TestOtherPartitions(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := bustest.Unused()
	four := open(t, config(t, addr, map[string]any{"partitions": int64(4)}))
	out := &bustest.Outlet{}
	reading := bustest.Read(t, four, bustest.Subscribe(topic), out)
	if err := bustest.Put(t, four, topic, "x"); err != nil {
		t.Fatal(err)
	}
	out.Await(t, 1)
	for n := range int64(3) {
		other := open(t, config(t, addr, map[string]any{"partitions": n + 1}))
		says := fmt.Sprintf("has at least 4 partitions (there is a stream %s:3), and the connector says partitions = %d: write the number that all have", streamOf(topic), n+1)
		bustest.Refused(t, other, bustest.Subscribe(topic), says)
		bustest.Permanent(t, bustest.Open(t, other, topic), says)
	}
	bustest.Refused(t, open(t, config(t, addr, map[string]any{"partitions": int64(8)})), bustest.Subscribe(topic), "the group has members that read the topic with 4 partitions, and this connector says 8")
	reading.Stop(t)
	single := bustest.Unused()
	if err := bustest.Put(t, open(t, config(t, addr, nil)), single, "x"); err != nil {
		t.Fatal(err)
	}
	bustest.Refused(t, four, bustest.Subscribe(single), "there is a stream test:n", "with partitions = 4 only those with a number behind that are the topic's")
	bustest.Permanent(t, bustest.Open(t, four, single), "there is a stream "+streamOf(single))
}

// Somebody begins to write with another number of partitions: what would not be read is an error, too.
func TestPartitionsThatComeLater(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := bustest.Unused()
	reading := bustest.Read(t, open(t, config(t, addr, map[string]any{"partitions": int64(2)})), bustest.Subscribe(topic), &bustest.Outlet{})
	more, err := open(t, config(t, addr, map[string]any{"partitions": int64(3)})).Writer(connectors.Publication{Topic: connectors.Topic(topic)}, bustest.Env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // one for each
		if err := bustest.Give(t, more, "x"); err != nil {
			t.Fatal(err)
		}
	}
	bustest.Permanent(t, reading.Err(t), "the topic "+streamOf(topic)+" has at least 3 partitions", "the connector says partitions = 2: write the number that all have")
}

func TestServerThatExpectsTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	addr := srv.Listener.Addr().String()
	bustest.Refused(t, open(t, config(t, addr, nil)), bustest.Subscribe("a"), addr, "the server expects TLS there: write a block tls, or use another port")
	tls := bustest.Nested(kindOf(t).Schema, "tls", nil)
	bustest.Refused(t, open(t, config(t, addr, nil, tls)), bustest.Subscribe("a"), addr, "the server's certificate is not trusted", "set tls.ca_file to the authority that signed it")
}
